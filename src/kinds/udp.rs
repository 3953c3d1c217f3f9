//! UDP: datagrams to and from a service under test.

use super::tcp::{RECEIVE, SEND};
use crate::lang::declare::{keyword, request};
use crate::lang::signature::{Accepts, Kind, Support};

/// A service that speaks some protocol over UDP.
pub static KIND: Kind = Kind {
    name: "udp",
    about: "A service that speaks over UDP; a user keeps one port of its own.",
    settings: &[keyword("address", &[Accepts::Address { port: true }], "Where it listens.")
        .required()
        .not_yet()],
    one_of: &[],
    verbs: &[
        request("send", "Sends one datagram.", "probe send \"ping\"").takes(SEND).not_yet(),
        request("receive", "Waits for a datagram.", "probe receive 'pong' timeout 1s")
            .takes(RECEIVE)
            .not_yet(),
    ],
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::NotYet,
};

const EXAMPLE: &str = r#"udp probe { address "127.0.0.1:7" }
action ping {
  probe send "ping {seq}"
  probe receive 'ping' timeout 1s
}
load ping at 10/s for 10s
expect "Answers": ping.success > 99%
"#;
