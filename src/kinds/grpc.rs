//! gRPC: calls to a service under test.

use crate::lang::declare::{given, keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, GivenResult, Kind, Support};

/// A service that answers gRPC.
pub static KIND: Kind = Kind {
    name: "grpc",
    about: "A service that answers gRPC.",
    settings: &[
        keyword("address", &[Accepts::Address { port: true }], "Where it listens.").required().not_yet(),
        keyword(
            "descriptor",
            &[Accepts::Path],
            "A descriptor set, as `protoc --descriptor_set_out` writes it; the service's reflection where none is given.",
        )
        .not_yet(),
    ],
    one_of: &[],
    verbs: &[request(
        "call",
        "Calls a method and waits for its answer.",
        "greeter call \"hello.Greeter/Say\" json { name: \"one\" }",
    )
    .takes(&[
        positional("method", &[Accepts::Text], "The method, as `package.Service/Method`.").required().not_yet(),
        keyword("json", &[Accepts::Json], "The message; an empty one where it is not given.").not_yet(),
        keyword("timeout", &[Accepts::Quantity(Dimension::TIME)], "How long the call may take.")
            .default("30s")
            .not_yet(),
    ])
    .body(Body::Answer)
    .gives(&[
        given("status", GivenResult::Quantity(Dimension::NONE), "The status code, 0 where it went well."),
        given("body", GivenResult::Json, "The message that came back."),
        given("latency", GivenResult::Quantity(Dimension::TIME), "The time the answer took."),
    ])
    .not_yet()],
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::NotYet,
};

const EXAMPLE: &str = r#"grpc greeter { address "127.0.0.1:50051" }
action greet {
  greeter call "hello.Greeter/Say" json { name: "{user}" } { check status == 0 }
}
load greet at 10/s for 10s
expect "Fast": p95(greet.latency) < 50ms
"#;
