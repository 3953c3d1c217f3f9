//! E0308, E0309: values beyond what there can be.

use super::types::{likely, shown};
use crate::diag::Diagnostic;
use crate::lang::expr::Expr;
use crate::lang::quantity::Quantity;
use crate::source::Span;

pub fn range_backwards(span: Span, low: Quantity, high: Quantity) -> Diagnostic {
    let better = format!("{high}..{low}");
    let finding = Diagnostic::error("E0308", "the low end of a range stands first", span)
        .here(format!("{low} is more than {high}"))
        .help(format!("write `{better}`"));
    // Some quantities are shown rounded.
    let exact = |quantity: Quantity| {
        let shown = quantity.to_string();
        match shown.strip_prefix('-') {
            Some(positive) => crate::lang::unit::parse(positive) == Ok(quantity.negated()),
            None => crate::lang::unit::parse(&shown) == Ok(quantity),
        }
    };
    if exact(low) && exact(high) { finding.fix(span, better, false) } else { finding }
}

/// `written` is how it stands in the file: `1s-3s` is a range in other languages.
pub fn negative(expr: &Expr, what: &str, written: &str) -> Diagnostic {
    let finding =
        Diagnostic::error("E0308", format!("{what} cannot be negative"), expr.span).here(shown(expr));
    let literal = |text: &str| crate::lang::unit::parse(text.trim()).is_ok();
    match written.split_once('-') {
        Some((low, high)) if literal(low) && literal(high) => {
            let better = format!("{}..{}", low.trim(), high.trim());
            finding.help(format!("write `{better}` for a range")).fix(expr.span, better, false)
        }
        _ => finding,
    }
}

pub fn not_positive(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("E0308", format!("{what} must be more than nothing"), span)
        .here("no time at all")
        .help("as in `10s`; what is to happen at once is written without it")
}

pub fn not_a_count(expr: &Expr, what: &str, least: u64) -> Diagnostic {
    Diagnostic::error("E0308", format!("{what} is a whole number, {least} or more"), expr.span)
        .here(shown(expr))
}

/// A share that is more than so many percent, or less than nothing.
pub fn not_a_share(expr: &Expr, what: &str, most: u32) -> Diagnostic {
    let finding = Diagnostic::error("E0308", format!("{what} lies between 0% and {most}%"), expr.span)
        .here(shown(expr));
    match super::super::infer::constant_quantity(expr) {
        Some(value) if value.percent && most < 100 => {
            let better = format!("{most}%");
            finding.help(format!("write `{better}` for the most there can be")).fix(expr.span, better, false)
        }
        Some(value) if !value.percent && (1.0..=100.0).contains(&value.to_f64()) => {
            let literal = format!("{}%", crate::lang::unit::number(value.to_f64()));
            likely(finding, expr, Some(literal))
        }
        _ => finding,
    }
}

pub fn division_by_zero(span: Span) -> Diagnostic {
    Diagnostic::error("E0309", "a division by zero has no value", span).here("always 0")
}
