//! W09xx: what runs, and probably is not what was meant.

use crate::diag::Diagnostic;
use crate::lang::quantity::Quantity;
use crate::source::Span;

pub fn unused(span: Span, sort: &str, name: &str) -> Diagnostic {
    Diagnostic::warning("W0901", format!("the {sort} `{name}` is not used"), span)
        .here("never used")
        .help("take it out, or use it")
}

pub fn expects_nothing(span: Span) -> Diagnostic {
    Diagnostic::warning("W0902", "this scenario expects nothing, so it passes whatever happens", span)
        .here("nothing in it is judged")
        .help("say what must hold, such as `expect \"Still up\": app.up always`")
}

pub fn weaker_want(span: Span, expect: Span, word: &str) -> Diagnostic {
    Diagnostic::warning(
        "W0903",
        format!("this `want` is weaker than the `{word}` beside it, so it never warns"),
        span,
    )
    .here("weaker")
    .also(expect, "missed before that")
    .help("swap the two limits, or take the `want` out")
}

pub fn plain_password(span: Span, place: &str) -> Diagnostic {
    Diagnostic::warning("W0904", format!("a password or a token in plain text in {place}"), span)
        .here("readable by everyone who reads this file")
        .help("declare `secret password from env \"PASSWORD\"` and write `{password}` here")
}

pub fn pool_never_filled(span: Span, name: &str, take: bool) -> Diagnostic {
    let verb = if take { "taken" } else { "drawn" };
    Diagnostic::warning(
        "W0905",
        format!("nothing loads `{name}`, so nothing is ever {verb} from what it captures"),
        span,
    )
    .here("always empty: each iteration is skipped")
    .help(format!("add `load {name} at 10/s`"))
}

pub fn beyond_whole(span: Span, measured: Span) -> Diagnostic {
    Diagnostic::error("E0312", "this is a share of a whole and never above 100%", span)
        .here("more than the whole")
        .also(measured, "a share")
}

pub fn share_as_number(span: Span, measured: Span, limit: Quantity) -> Diagnostic {
    let literal = format!("{}%", crate::lang::unit::number(limit.to_f64()));
    Diagnostic::error(
        "E0312",
        format!(
            "a share is a percentage, and `{limit}` is {} of the whole",
            Quantity { percent: true, ..limit }
        ),
        span,
    )
    .here("a bare number")
    .also(measured, "a share")
    .help(format!("write `{literal}`"))
    .fix(span, literal, false)
}
