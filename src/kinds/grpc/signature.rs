//! What a gRPC service is declared with and asked.

use crate::kinds::host::signature::ON;
use crate::kinds::tcp::signature::RESOLVE;
use crate::kinds::tls::signature::{self as tls, TLS};
use crate::lang::declare::{flag, given, keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, GivenResult, Kind, Parameter, Rule, Support};

/// Whether this build calls over gRPC.
const SUPPORT: Support = if cfg!(feature = "grpc") { Support::Ready } else { Support::NotYet };

/// A service that answers gRPC.
pub static KIND: Kind = Kind {
    name: "grpc",
    about: "A service that answers gRPC; messages are JSON here.",
    settings: &[
        built(keyword("address", &[Accepts::Address { port: true }], "Where it listens.").required()),
        built(keyword(
            "descriptor",
            &[Accepts::Path],
            "Its descriptors, as `protoc --include_imports --descriptor_set_out` writes them.",
        )),
        built(flag("reflection", "The service itself is asked for its descriptors.")),
        built(
            keyword("header", &[Accepts::Text, Accepts::Text], "Metadata of every call: a name and a value.")
                .repeated(),
        ),
        built(
            keyword("timeout", &[Accepts::Quantity(Dimension::TIME)], "How long a call may take.")
                .default("30s"),
        ),
        built(RESOLVE),
        built(ON),
        built(
            keyword("connections", &[Accepts::Count], "How many connections all users share.").default("1"),
        ),
        built(flag("own", "Each user has a connection of its own.")),
        if cfg!(feature = "grpc") { TLS } else { TLS.more(&[]).not_yet() },
    ],
    one_of: &[&["descriptor", "reflection"]],
    verbs: &[
        if cfg!(feature = "grpc") { CALL } else { CALL.not_yet() },
        if cfg!(feature = "grpc") { STREAM } else { STREAM.not_yet() },
    ],
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: if cfg!(feature = "grpc") {
        &[Rule::AtMostOne(&["connections", "own"]), tls::CERTIFICATE, tls::KEY, tls::TRUST]
    } else {
        &[Rule::AtMostOne(&["connections", "own"])]
    },
    support: SUPPORT,
};

/// A parameter that is there where gRPC is.
const fn built(parameter: Parameter) -> Parameter {
    Parameter { support: SUPPORT, ..parameter }
}

const CALL: crate::lang::signature::Verb = request(
    "call",
    "Calls a method and waits for its answer, whatever its status is.",
    "greeter call \"hello.Greeter/Say\" json { name: \"one\" } { check status == \"OK\" }",
)
.takes(&[
    built(positional("method", &[Accepts::Text], "The method, as `package.Service/Method`.").required()),
    built(keyword("json", &[Accepts::Json], "The message; an empty one where it is not given.")),
    built(
        keyword("header", &[Accepts::Text, Accepts::Text], "Metadata of this call: a name and a value.")
            .repeated(),
    ),
    built(keyword("timeout", &[Accepts::Quantity(Dimension::TIME)], "How long this call may take.")),
])
.body(Body::Answer)
.gives(&[
    given("status", GivenResult::Text, "The name of the status, such as \"OK\" or \"NOT_FOUND\"."),
    given("body", GivenResult::Json, "The message that came back, with all of its fields."),
    given("latency", GivenResult::Quantity(Dimension::TIME), "The time the answer took."),
]);

const STREAM: crate::lang::signature::Verb = request(
    "stream",
    "Begins a call of streams, talks over it as the body says, and ends it; any status but \"OK\" is an error.",
    "greeter stream \"hello.Greeter/Watch\" { send json { name: \"one\" }; receive; check body.count > 0; hold 5s }",
)
.takes(&[
    built(positional("method", &[Accepts::Text], "The method, as `package.Service/Method`.").required()),
    built(
        keyword("header", &[Accepts::Text, Accepts::Text], "Metadata of this call: a name and a value.")
            .repeated(),
    ),
])
.body(Body::Conversation)
.gives(&[given("body", GivenResult::Json, "The message that was received last, with all of its fields.")]);

const EXAMPLE: &str = r#"grpc greeter {
  address    "127.0.0.1:50051"
  descriptor "greeter.bin"
}
action greet {
  greeter call "hello.Greeter/Say" json { name: "{user}" } { check status == "OK" }
}
action watch {
  greeter stream "hello.Greeter/Watch" {
    send json { name: "{user}" }
    receive
    capture first = body.greeting
    hold 5s
  }
}
load greet at 10/s for 10s
load watch with 10 users for 10s
expect "Fast": p95(greet.latency) < 50ms
"#;

/// The names of the status codes, each at the place of its code (<https://grpc.github.io/grpc/core/md_doc_statuscodes.html>).
pub const STATUSES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
