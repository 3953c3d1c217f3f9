//! How an answer of gRPC says whether it went well.

use super::signature::STATUSES;

/// The name of a code; one that is not among them counts as `UNKNOWN`, as the protocol has it.
pub(super) fn name(code: &[u8]) -> &'static str {
    let code = std::str::from_utf8(code).ok().and_then(|code| code.parse::<usize>().ok());
    code.and_then(|code| STATUSES.get(code)).copied().unwrap_or(STATUSES[2])
}

/// Whether a name says that it went well.
pub(super) fn is_ok(name: &str) -> bool {
    name == STATUSES[0]
}
