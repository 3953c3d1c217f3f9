//! W0910 to W0912: what is wrong with a comment that allows a warning.

use super::propose;
use crate::diag::Diagnostic;
use crate::source::Span;

/// What allows nothing any more; `removed` is what goes with it.
pub fn unused(span: Span, code: &str, removed: Span) -> Diagnostic {
    Diagnostic::warning("W0910", format!("there is no {code} here that this comment could allow"), span)
        .here("allows nothing")
        .help("take it out")
        .fix(removed, "", true)
}

pub fn unknown_code(span: Span, code: &str, meant: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::warning("W0911", format!("there is no code `{code}`"), span).here("allows nothing");
    match meant {
        Some(_) => propose(finding, span, meant, &[]),
        None => finding.help("a code is a letter and four digits, as `soak check` shows it: `W0901`"),
    }
}

pub fn not_understood(span: Span) -> Diagnostic {
    Diagnostic::warning("W0911", "this comment speaks to soak, which does not understand it", span)
        .here("allows nothing")
        .help("write `# soak: allow(W0901)`, with a comma between several codes")
}

pub fn no_warning(span: Span, code: &str, why: &str) -> Diagnostic {
    Diagnostic::warning("W0912", format!("{code} cannot be allowed: {why}"), span)
        .here("only a warning of the checker can be")
        .help(format!("take it out, and mend what is wrong; `soak explain {code}` shows how"))
}
