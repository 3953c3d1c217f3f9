//! What a TCP service is declared with and told.

use crate::kinds::host::signature::ON;
use crate::kinds::tls::signature::{self as tls, TLS};
use crate::lang::declare::{given, keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, Given, GivenResult, Kind, Parameter, Rule, Support, Verb};

/// A service that speaks some protocol over TCP.
pub static KIND: Kind = Kind {
    name: "tcp",
    about: "A service that speaks over TCP; a user keeps one connection and opens a new one once it is lost.",
    settings: &[
        keyword("address", &[Accepts::Address { port: true }], "Where it listens.").required(),
        TIMEOUT.default("30s"),
        RESOLVE,
        ON,
        TLS,
    ],
    one_of: &[],
    verbs: VERBS,
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: tls::RULES,
    support: Support::Ready,
};

pub(in crate::kinds) const TIMEOUT: Parameter = keyword(
    "timeout",
    &[Accepts::Quantity(Dimension::TIME)],
    "How long opening may take, and what is sent or waited for.",
);

/// Of every kind that finds its other end by a name.
pub(in crate::kinds) const RESOLVE: Parameter = keyword(
    "resolve",
    &[Accepts::Quantity(Dimension::TIME)],
    "How often the name of its host is looked up anew; 0s for each connection.",
)
.default("30s");

/// What `send` takes, over TCP and over UDP.
pub(in crate::kinds) const SEND: &[Parameter] = &[
    positional("text", &[Accepts::Text], "A text, as it is."),
    keyword("json", &[Accepts::Json], "JSON on one line."),
    keyword("hex", &[Accepts::Text], "Bytes, as pairs of hexadecimal digits."),
];

/// What a message that came brings.
pub(in crate::kinds) const RECEIVED: &[Given] = &[
    given("body", GivenResult::Json, "What came: of JSON its parts, otherwise a text."),
    given("latency", GivenResult::Quantity(Dimension::TIME), "The time it took."),
];

const VERBS: &[Verb] = &[
    request("send", "Sends bytes; behind JSON a newline follows.", "echo send \"ping\\n\"")
        .takes(SEND)
        .one_of(&[&["text", "json", "hex"]]),
    request(
        "receive",
        "Waits for a line, or for what its words say.",
        "echo receive '^ping' timeout 1s { check body == \"ping 1\" }",
    )
    .takes(&[
        positional(
            "pattern",
            &[Accepts::Regex],
            "What must come: lines that it does not match are passed over.",
        ),
        keyword("ending", &[Accepts::Text], "What ends it, in place of the end of a line."),
        keyword("size", &[Accepts::Quantity(Dimension::SIZE)], "So many bytes, whatever they are."),
        keyword(
            "timeout",
            &[Accepts::Quantity(Dimension::TIME)],
            "How long it may take, after which the connection is closed.",
        ),
    ])
    .rules(&[Rule::AtMostOne(&["size", "ending"]), Rule::AtMostOne(&["size", "pattern"])])
    .body(Body::Answer)
    .gives(RECEIVED),
];

const EXAMPLE: &str = r#"tcp echo { address "127.0.0.1:7"; timeout 5s }
action ping {
  echo send "ping {seq}\n"
  echo receive '^ping' timeout 1s
}
load ping at 10/s for 10s
expect "Answers": ping.success > 99%
"#;
