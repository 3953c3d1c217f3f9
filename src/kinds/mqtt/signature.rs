//! What an MQTT broker is declared with and told.

use crate::kinds::host::signature::ON;
use crate::kinds::tcp::signature::RESOLVE;
use crate::kinds::tls::signature::{self as tls, TLS};
use crate::lang::declare::{flag, given, keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, GivenResult, Kind, Parameter, Rule, Support, Verb};

/// An MQTT broker.
pub static KIND: Kind = Kind {
    name: "mqtt",
    about: "A message broker that speaks MQTT 3.1.1.",
    settings: &[
        keyword(
            "url",
            &[Accepts::Url(&["mqtt", "mqtts"])],
            "Where it is, with a user and a password where it wants them.",
        )
        .required(),
        keyword(
            "timeout",
            &[Accepts::Quantity(Dimension::TIME)],
            "How long the broker may take to have a message, and a message that is waited for.",
        )
        .default("30s"),
        RESOLVE,
        ON,
        keyword("connections", &[Accepts::Count], "How many connections all users share to publish.")
            .default("1"),
        flag("own", "Each user has a connection of its own to publish, as devices have."),
        TLS,
    ],
    one_of: &[],
    verbs: VERBS,
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[Rule::AtMostOne(&["connections", "own"]), tls::CERTIFICATE, tls::KEY, tls::TRUST],
    support: Support::Ready,
};

const QUALITY: Parameter = keyword(
    "qos",
    &[Accepts::Count],
    "The quality of service: 0 (at most once), 1 (at least once) or 2 (exactly once).",
)
.default("0");

const VERBS: &[Verb] = &[
    request(
        "publish",
        "Publishes a message and waits until it is acknowledged; with `qos 0`, until it is on its way.",
        "bus publish \"sensors/one\" json { level: 3 } qos 1",
    )
    .takes(&[
        positional("topic", &[Accepts::Text], "The topic it goes to.").required(),
        keyword("json", &[Accepts::Json], "A message of JSON."),
        keyword("text", &[Accepts::Text], "A message that is a text."),
        keyword("hex", &[Accepts::Text], "A message of bytes, as pairs of hexadecimal digits."),
        QUALITY,
        flag("retain", "The broker keeps it for those who subscribe later."),
        keyword("timeout", &[Accepts::Quantity(Dimension::TIME)], "How long this may take."),
    ])
    .one_of(&[&["json", "text", "hex"]]),
    request(
        "subscribe",
        "Subscribes over a connection of its own, as long as the body takes; what it sends is published to the topic.",
        "bus subscribe \"sensors/#\" qos 1 { receive; check body.level == 3; hold 10s }",
    )
    .takes(&[positional("topic", &[Accepts::Text], "The topic, wildcards and all.").required(), QUALITY])
    .body(Body::Conversation)
    .gives(&[given("body", GivenResult::Json, "The message that was received last.")]),
];

const EXAMPLE: &str = r#"mqtt bus { url "mqtt://127.0.0.1:1883" }
action report {
  bus publish "sensors/one" json { level: 3, id: seq } qos 1
}
action listen {
  bus subscribe "sensors/#" { hold 5s }
}
load report at 100/s for 10s
load listen with 10 users for 10s
expect "Published": report.success > 99%
"#;
