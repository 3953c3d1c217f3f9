//! MQTT: messages through a broker under test.

use crate::lang::declare::{keyword, positional, request};
use crate::lang::signature::{Accepts, Body, Kind, Support, Verb};

/// An MQTT broker.
pub static KIND: Kind = Kind {
    name: "mqtt",
    about: "A message broker that speaks MQTT.",
    settings: &[keyword("url", &[Accepts::Url(&["mqtt", "mqtts"])], "Where it is.").required().not_yet()],
    one_of: &[],
    verbs: VERBS,
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::NotYet,
};

const VERBS: &[Verb] = &[
    request("publish", "Publishes a message.", "bus publish \"sensors/one\" json { level: 3 }")
        .takes(&[
            positional("topic", &[Accepts::Text], "The topic it goes to.").required().not_yet(),
            keyword("json", &[Accepts::Json], "A message of JSON.").not_yet(),
            keyword("text", &[Accepts::Text], "A message that is a text.").not_yet(),
        ])
        .one_of(&[&["json", "text"]])
        .not_yet(),
    request(
        "subscribe",
        "Subscribes, as long as the body takes.",
        "bus subscribe \"sensors/#\" { hold 10s }",
    )
    .takes(&[positional("topic", &[Accepts::Text], "The topic, wildcards and all.").required().not_yet()])
    .body(Body::Conversation)
    .not_yet(),
];

const EXAMPLE: &str = r#"mqtt bus { url "mqtt://127.0.0.1:1883" }
action report {
  bus publish "sensors/one" json { level: 3, id: seq }
}
action listen {
  bus subscribe "sensors/#" { hold 5s }
}
load report at 100/s for 10s
load listen with 10 users for 10s
expect "Published": report.success > 99%
"#;
