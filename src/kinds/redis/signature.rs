//! What a Redis server is declared with and told.

use crate::kinds::host::signature::ON;
use crate::kinds::tcp::signature::RESOLVE;
use crate::kinds::tls::signature::{self as tls, TLS};
use crate::lang::declare::{flag, given, keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, GivenResult, Kind, Rule, Support};

/// A Redis server.
pub static KIND: Kind = Kind {
    name: "redis",
    about: "A server that speaks the protocol of Redis.",
    settings: &[
        keyword(
            "url",
            &[Accepts::Url(&["redis", "rediss"])],
            "Where it is, with a user, a password and the number of a database where it wants them.",
        )
        .required(),
        keyword(
            "timeout",
            &[Accepts::Quantity(Dimension::TIME)],
            "How long a command may take, from the connection to its answer.",
        )
        .default("30s"),
        RESOLVE,
        ON,
        keyword("connections", &[Accepts::Count], "How many connections all users share.").default("4"),
        flag("own", "Each user has a connection of its own, as MULTI, SELECT or BLPOP need it."),
        flag("resp3", "Speaks version 3 of the protocol."),
        TLS,
    ],
    one_of: &[],
    verbs: &[request("send", "Sends a command and waits for its answer.", "cache send \"GET\" \"key\"")
        .takes(&[
            positional("command", &[Accepts::Text], "The command's words, each a text of its own.")
                .required()
                .repeated(),
            keyword("timeout", &[Accepts::Quantity(Dimension::TIME)], "How long this command may take."),
        ])
        .body(Body::Answer)
        .gives(&[
            given("body", GivenResult::Json, "The answer."),
            given("latency", GivenResult::Quantity(Dimension::TIME), "The time the answer took."),
        ])],
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[Rule::AtMostOne(&["connections", "own"]), tls::CERTIFICATE, tls::KEY, tls::TRUST],
    support: Support::Ready,
};

const EXAMPLE: &str = r#"redis cache { url "redis://127.0.0.1:6379"; timeout 1s }
action remember {
  cache send "SET" "key-{seq}" "{uuid()}" { check body == "OK" }
}
load remember at 100/s for 10s
expect "Fast": p99(remember.latency) < 10ms
"#;
