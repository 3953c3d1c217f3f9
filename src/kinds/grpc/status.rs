//! The names of gRPC's status codes (<https://grpc.github.io/grpc/core/md_doc_statuscodes.html>).

const NAMES: [&str; 17] = [
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

/// The name of a code; one that is not among them counts as `UNKNOWN`, as the protocol has it.
pub(super) fn name(code: &[u8]) -> &'static str {
    let code = std::str::from_utf8(code).ok().and_then(|code| code.parse::<usize>().ok());
    code.and_then(|code| NAMES.get(code)).copied().unwrap_or(NAMES[2])
}

/// Whether a name says that it went well.
pub(super) fn is_ok(name: &str) -> bool {
    name == NAMES[0]
}
