//! Redis: commands to a server under test.

use crate::lang::declare::{given, keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, GivenResult, Kind, Support};

/// A Redis server.
pub static KIND: Kind = Kind {
    name: "redis",
    about: "A server that speaks the protocol of Redis.",
    settings: &[keyword("url", &[Accepts::Url(&["redis", "rediss"])], "Where it is.").required().not_yet()],
    one_of: &[],
    verbs: &[request("send", "Sends a command and waits for its answer.", "cache send \"GET\" \"key\"")
        .takes(&[positional("command", &[Accepts::Text], "The command's words, each a text of its own.")
            .required()
            .repeated()
            .not_yet()])
        .body(Body::Answer)
        .gives(&[
            given("body", GivenResult::Json, "The answer."),
            given("latency", GivenResult::Quantity(Dimension::TIME), "The time the answer took."),
        ])
        .not_yet()],
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::NotYet,
};

const EXAMPLE: &str = r#"redis cache { url "redis://127.0.0.1:6379" }
action remember {
  cache send "SET" "key-{seq}" "{uuid()}" { check body == "OK" }
}
load remember at 100/s for 10s
expect "Fast": p99(remember.latency) < 10ms
"#;
