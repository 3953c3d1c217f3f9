//! TCP: bytes to and from a service under test.

use crate::lang::declare::{keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Kind, Parameter, Support};

/// A service that speaks some protocol over TCP.
pub static KIND: Kind = Kind {
    name: "tcp",
    about: "A service that speaks over TCP; a user keeps one connection and opens a new one once it is lost.",
    settings: &[keyword("address", &[Accepts::Address { port: true }], "Where it listens.")
        .required()
        .not_yet()],
    one_of: &[],
    verbs: &[
        request("send", "Sends bytes.", "echo send \"ping\\n\"").takes(SEND).not_yet(),
        request("receive", "Waits for a line.", "echo receive '^ping' timeout 1s").takes(RECEIVE).not_yet(),
    ],
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::NotYet,
};

/// What `send` takes, over TCP and over UDP.
pub(super) const SEND: &[Parameter] =
    &[positional("text", &[Accepts::Text], "What to send, as it is.").required().not_yet()];

/// What `receive` takes, over TCP and over UDP.
pub(super) const RECEIVE: &[Parameter] = &[
    positional("pattern", &[Accepts::Regex], "What must come; anything where it is not given.").not_yet(),
    keyword("timeout", &[Accepts::Quantity(Dimension::TIME)], "How long it may take.")
        .default("30s")
        .not_yet(),
];

const EXAMPLE: &str = r#"tcp echo { address "127.0.0.1:7" }
action ping {
  echo send "ping {seq}\n"
  echo receive '^ping' timeout 1s
}
load ping at 10/s for 10s
expect "Answers": ping.success > 99%
"#;
