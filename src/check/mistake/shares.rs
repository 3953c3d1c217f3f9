//! E0312, W0918: shares compared with what is none, or with more than the whole.

use crate::diag::Diagnostic;
use crate::lang::quantity::Quantity;
use crate::source::Span;

/// A count beside a percentage; `share` is what was meant, where there is such a reading.
pub fn count_as_share(measured: Span, limit: Span, percent: Quantity, share: Option<String>) -> Diagnostic {
    let bare = crate::lang::unit::number(percent.to_f64());
    let finding = Diagnostic::warning(
        "W0914",
        format!("this is a count, and `{percent}` beside it is the number {bare}"),
        measured,
    )
    .here("a number, not a share")
    .also(limit, "a percentage");
    match share {
        Some(share) => finding.help(format!("write `{share}`")).fix(measured, share, false),
        None => finding.help("compare it with a number, or divide it by the whole"),
    }
}

pub fn beyond_whole(span: Span, measured: Span) -> Diagnostic {
    Diagnostic::error("E0312", "this is a share of a whole and never above 100%", span)
        .here("more than the whole")
        .also(measured, "a share")
        .help("write a limit below `100%`, as in `> 99%` or `< 5%`")
}

/// `number`: the reading that counts the same.
pub fn share_as_number(span: Span, measured: Span, limit: Quantity, number: Option<&str>) -> Diagnostic {
    let literal = format!("{}%", crate::lang::unit::number(limit.to_f64()));
    let help = match limit.to_f64() == 1.0 {
        true => format!("write `{literal}`, or `100%` if the whole is meant"),
        false => match number {
            Some(number) => format!("write `{literal}`; how many they are is `{number}`"),
            None => format!("write `{literal}`"),
        },
    };
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
    .help(help)
    .fix(span, literal, false)
}

pub fn ratio_below_one(span: Span, measured: Span) -> Diagnostic {
    Diagnostic::warning("W0918", "a ratio of two counts is below 1 as soon as one of them is smaller", span)
        .here("100% of it")
        .also(measured, "a ratio")
        .help("write `1%` if a percentage is meant, else `100%`")
        .fix(span, "1%", false)
}
