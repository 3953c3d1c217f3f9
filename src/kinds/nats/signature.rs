//! What a NATS broker is declared with and told.

use crate::kinds::host::signature::ON;
use crate::kinds::tcp::signature::RESOLVE;
use crate::kinds::tls::signature::{self as tls, TLS};
use crate::lang::declare::{flag, given, keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, GivenResult, Kind, Parameter, Rule, Support, Verb};

/// A NATS broker.
pub static KIND: Kind = Kind {
    name: "nats",
    about: "A message broker that speaks NATS.",
    settings: &[
        keyword(
            "url",
            &[Accepts::Url(&["nats", "tls"])],
            "Where it is, with a user and a password or with a token where it wants them.",
        )
        .required(),
        TIMEOUT.default("30s"),
        RESOLVE,
        ON,
        keyword("connections", &[Accepts::Count], "How many connections all users share to publish.")
            .default("1"),
        flag("own", "Each user has a connection of its own to publish."),
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

const TIMEOUT: Parameter = keyword(
    "timeout",
    &[Accepts::Quantity(Dimension::TIME)],
    "How long the broker may take to have a message, and a message that is waited for.",
);

/// One place in memory, so that the two can be told together.
static MESSAGE: [Parameter; 5] = [
    positional("subject", &[Accepts::Text], "The subject it goes to.").required(),
    keyword("json", &[Accepts::Json], "A message of JSON."),
    keyword("text", &[Accepts::Text], "A message that is a text."),
    keyword("hex", &[Accepts::Text], "A message of bytes, as pairs of hexadecimal digits."),
    keyword("timeout", &[Accepts::Quantity(Dimension::TIME)], "How long this may take."),
];

const VERBS: &[Verb] = &[
    request(
        "publish",
        "Publishes a message and waits until the broker has it.",
        "bus publish \"sensors.one\" json { level: 3 }",
    )
    .takes(&MESSAGE)
    .one_of(&[&["json", "text", "hex"]]),
    request(
        "request",
        "Publishes a message and waits for the answer to it.",
        "bus request \"service.time\" text \"now\" timeout 1s { check body != \"\" }",
    )
    .takes(&MESSAGE)
    .one_of(&[&["json", "text", "hex"]])
    .body(Body::Answer)
    .gives(&[
        given("body", GivenResult::Json, "The answer: of JSON its parts, otherwise a text."),
        given("latency", GivenResult::Quantity(Dimension::TIME), "The time the answer took."),
    ]),
    request(
        "subscribe",
        "Subscribes over a connection of its own, as long as the body takes; what it sends is published to the subject.",
        "bus subscribe \"sensors.>\" { receive; check body.level == 3; hold 10s }",
    )
    .takes(&[
        positional("subject", &[Accepts::Text], "The subject, wildcards and all.").required(),
        keyword("queue", &[Accepts::Text], "The queue group, whose members share the messages."),
    ])
    .body(Body::Conversation)
    .gives(&[given("body", GivenResult::Json, "The message that was received last.")]),
];

const EXAMPLE: &str = r#"nats bus { url "nats://127.0.0.1:4222" }
action report {
  bus publish "sensors.one" json { level: 3, id: seq }
}
action ask {
  bus request "service.time" text "now" { check body.unix > 0 }
}
action listen {
  bus subscribe "sensors.>" { hold 5s }
}
load report at 100/s for 10s
load ask with 5 users for 10s
load listen with 10 users for 10s
expect "Published": report.success > 99%
"#;
