//! What a UDP service is declared with and told.

use crate::kinds::host::signature::ON;
use crate::kinds::tcp::signature::{RECEIVED, RESOLVE, SEND};
use crate::lang::declare::{keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, Kind, Support};

/// A service that speaks some protocol over UDP.
pub static KIND: Kind = Kind {
    name: "udp",
    about: "A service that speaks over UDP; a user keeps one port of its own.",
    settings: &[
        keyword("address", &[Accepts::Address { port: true }], "Where it listens.").required(),
        keyword(
            "timeout",
            &[Accepts::Quantity(Dimension::TIME)],
            "How long a datagram is waited for before it counts as lost.",
        )
        .default("30s"),
        RESOLVE,
        ON,
    ],
    one_of: &[],
    verbs: &[
        request("send", "Sends one datagram.", "probe send \"ping\"")
            .takes(SEND)
            .one_of(&[&["text", "json", "hex"]]),
        request(
            "receive",
            "Waits for a datagram; one that does not come in time is an error and counts as lost.",
            "probe receive 'pong' timeout 1s { check body == \"pong 1\" }",
        )
        .takes(&[
            positional(
                "pattern",
                &[Accepts::Regex],
                "What must come: datagrams that it does not match are passed over.",
            ),
            keyword(
                "timeout",
                &[Accepts::Quantity(Dimension::TIME)],
                "How long it is waited for before it counts as lost.",
            ),
        ])
        .body(Body::Answer)
        .gives(RECEIVED),
    ],
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::Ready,
};

const EXAMPLE: &str = r#"udp probe { address "127.0.0.1:7"; timeout 5s }
action ping {
  probe send "ping {seq}"
  probe receive "^ping {seq}$" timeout 1s
}
load ping at 10/s for 10s
expect "Answers": ping.success > 99%
"#;
