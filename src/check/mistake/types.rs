//! E03xx: types, dimensions and values.

use crate::diag::Diagnostic;
use crate::lang::expr::Expr;
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::signature::Reading;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::source::Span;
use std::time::Duration;

/// Adds the literal that was probably meant.
pub(super) fn likely(finding: Diagnostic, side: &Expr, literal: Option<String>) -> Diagnostic {
    match literal {
        Some(literal) => finding.help(format!("write `{literal}`")).fix(side.span, literal, false),
        None => finding,
    }
}

/// The side that is a bare number, which the likely literal replaces.
fn bare<'e>(left: &'e Expr, right: &'e Expr) -> &'e Expr {
    let is_bare = |side: &Expr| {
        super::super::infer::constant_quantity(side).is_some_and(|value| value.dimension == Dimension::NONE)
    };
    if is_bare(right) || !is_bare(left) { right } else { left }
}

/// `written` is the left side as it stands in the file.
pub fn not_comparable(left: &Expr, right: &Expr, written: &str, literal: Option<String>) -> Diagnostic {
    let message = format!("{} cannot be compared with {}", left.ty.describe(), right.ty.describe());
    let side = bare(left, right);
    let other = if std::ptr::eq(side, right) { left } else { right };
    let finding = Diagnostic::error("E0301", message, side.span)
        .here(side.ty.describe())
        .also(other.span, other.ty.describe());
    let per_time = |ty: &Type| match ty {
        Type::Quantity { dimension, .. } => dimension.times(Dimension::TIME),
        _ => None,
    };
    let counted = matches!(&left.ty, Type::Quantity { dimension, .. }
            if *dimension != Dimension::TIME && per_time(&right.ty) == Some(*dimension));
    if literal.is_none() && counted && left.constant().is_none() {
        return finding
            .help("what is counted per time is `rate(…)` of a counter, and `growth(…)` of a gauge");
    }
    let is_of = |side: &Expr, dimension| side.ty == Type::quantity(dimension);
    if is_of(left, Dimension::RATE) && is_of(right, Dimension::BYTE_RATE) {
        return finding.help("what goes over per time is the rate of `bytes`, as in `rate(browse.bytes)`");
    }
    let is_share = |side: &Expr| matches!(&side.ty, Type::Quantity { percent: true, .. });
    let is_size = |side: &Expr| side.ty == Type::quantity(Dimension::SIZE);
    if is_share(left) && is_size(right) {
        return finding.help("it is a share of the whole: compare it with a percentage, as in `90%`");
    }
    if let Type::Bool = other.ty
        && let Some(number) = side.constant().and_then(|value| value.as_quantity()).map(|read| read.to_f64())
        && (number == 0.0 || number == 1.0)
    {
        let not = if number == 0.0 { "not " } else { "" };
        let what = if std::ptr::eq(other, left) { written } else { "app.up" };
        return finding.help(format!("what is true or false needs no comparison: `{not}{what}`"));
    }
    if left.ty == Type::Bool && is_share(right) {
        return finding.help(format!(
            "the share of the time in which it was true is its mean, as in `mean({written}) > 99%`"
        ));
    }
    likely(finding, side, literal)
}

pub fn not_addable(left: &Expr, right: &Expr, symbol: &str, literal: Option<String>) -> Diagnostic {
    let message =
        format!("`{symbol}` needs two of a kind, not {} and {}", left.ty.describe(), right.ty.describe());
    let side = bare(left, right);
    let other = if std::ptr::eq(side, right) { left } else { right };
    let finding = Diagnostic::error("E0301", message, side.span)
        .here(side.ty.describe())
        .also(other.span, other.ty.describe());
    // `1-3s`, a range as others write it.
    let constant = super::super::infer::constant_quantity;
    let unitless = |value: Quantity| value.dimension == Dimension::NONE && !value.percent;
    if symbol == "-"
        && let (Some(low), Some(high)) = (constant(left), constant(right))
        && unitless(low)
        && high.dimension == Dimension::TIME
    {
        let shown = high.to_string();
        let unit = shown.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let better = format!("{}{unit}..{shown}", crate::lang::unit::number(low.to_f64()));
        let whole = left.span.to(right.span);
        return finding.help(format!("write `{better}` for a range")).fix(whole, better, false);
    }
    likely(finding, side, literal)
}

/// `rows == 0`
pub fn rows_with_number(rows: Span, number: Span, written: &str) -> Diagnostic {
    Diagnostic::error("E0301", "the rows of an answer cannot be compared with a number", rows)
        .here("a list of rows")
        .also(number, "a number")
        .help(format!(
            "name a column of one row: with `select count(*) as n …` it is `rows[0].n == {written}`"
        ))
}

pub fn absurd_dimension(span: Span) -> Diagnostic {
    Diagnostic::error("E0301", "the unit of this product means nothing", span)
        .here("too many factors with units")
}

pub fn wrong(expr: &Expr, wanted: &str, literal: Option<String>) -> Diagnostic {
    let message = format!("{wanted} is wanted here, not {}", expr.ty.describe());
    likely(Diagnostic::error("E0302", message, expr.span).here(expr.ty.describe()), expr, literal)
}

pub fn wrong_for(expr: &Expr, what: &str, wanted: &Type, literal: Option<String>) -> Diagnostic {
    let message = format!("{what} takes {}, not {}", wanted.describe(), expr.ty.describe());
    let finding = Diagnostic::error("E0302", message, expr.span).here(expr.ty.describe());
    match (literal, wanted) {
        (None, Type::Text) => finding.help("write a text in quotes: `\"…\"`"),
        (None, _)
            if matches!(&expr.ty, Type::Quantity { dimension: Dimension::TIME, .. })
                && what == "how many times" =>
        {
            finding.help("a loop that goes on for a time is `repeat for`: put `for` before the duration").fix(
                Span::at(expr.span.start),
                "for ",
                false,
            )
        }
        (None, Type::Quantity { dimension, .. })
            if no_bare_number(&expr.ty) && *dimension == Dimension::SIZE =>
        {
            finding.help("as in `4GB`")
        }
        (None, Type::Quantity { dimension, .. })
            if no_bare_number(&expr.ty) && *dimension == Dimension::TIME =>
        {
            finding.help("as in `30s`")
        }
        (literal, _) => likely(finding, expr, literal),
    }
}

/// A text or a percentage, which no unit makes what is wanted.
fn no_bare_number(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Quantity { percent: true, .. })
}

/// A size or a duration where a percentage belongs.
pub fn share_wanted(expr: &Expr, what: &str) -> Diagnostic {
    Diagnostic::error("E0302", format!("{what} takes a percentage, not {}", expr.ty.describe()), expr.span)
        .here(expr.ty.describe())
        .help("as in `90%`: a share of the whole")
}

/// `check 200`, or the second of `status == 200 or 201`.
pub fn bare_status(expr: &Expr, code: f64) -> Diagnostic {
    let better = format!("status == {code}");
    Diagnostic::error("E0306", "a condition is true or false, and this is a number", expr.span)
        .here("compared with nothing")
        .help(format!("write `{better}`"))
        .fix(expr.span, better, false)
}

pub fn param_type(
    expr: &Expr,
    name: &str,
    wanted: &Type,
    declared: Span,
    literal: Option<String>,
) -> Diagnostic {
    let message = format!("the parameter `{name}` is {}, not {}", wanted.describe(), expr.ty.describe());
    let finding = Diagnostic::error("E0302", message, expr.span)
        .here("given on the command line")
        .also(declared, "its default says what it is");
    match literal {
        Some(literal) => finding.help(format!("write `--param {name}={literal}`")),
        None => finding,
    }
}

pub fn mixed_list(span: Span, ty: &Type, others: &Type, first: Span) -> Diagnostic {
    let message =
        format!("a list holds one type: this is {}, the others are {}", ty.describe(), others.describe());
    Diagnostic::error("E0302", message, span).here(ty.describe()).also(first, others.describe())
}

pub fn mixed_column(span: Span, ty: &Type, others: &Type, name: &str) -> Diagnostic {
    let message = format!(
        "the column `{name}` holds one type: this is {}, the others are {}",
        ty.describe(),
        others.describe()
    );
    Diagnostic::error("E0302", message, span).here(ty.describe())
}

pub fn range_ends(low: &Expr, high: &Expr) -> Diagnostic {
    let message =
        format!("the ends of a range are alike, not {} and {}", low.ty.describe(), high.ty.describe());
    Diagnostic::error("E0302", message, high.span).here(high.ty.describe()).also(low.span, low.ty.describe())
}

pub fn time_of_day(span: Span, seconds: u32) -> Diagnostic {
    let finding =
        Diagnostic::error("E0302", "a time of day stands in a curve only", span).here("not a duration");
    let duration = crate::lang::unit::format_duration(Duration::from_secs(seconds.into()));
    finding.help(format!("write `{duration}`")).fix(span, duration, false)
}

pub fn no_arithmetic(expr: &Expr, symbol: &str) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0302",
        format!("`{symbol}` works on numbers, not on {}", expr.ty.describe()),
        expr.span,
    )
    .here(expr.ty.describe());
    match expr.ty {
        Type::Text => finding.help("put texts together by interpolation: `\"{first}{second}\"`"),
        _ => finding,
    }
}

pub fn never_a_member(left: &Expr, right: &Expr) -> Diagnostic {
    let message = format!("{} is never among {}", left.ty.describe(), right.ty.describe());
    Diagnostic::error("E0301", message, left.span)
        .here(left.ty.describe())
        .also(right.span, right.ty.describe())
}

pub fn compared_with_range(expr: &Expr) -> Diagnostic {
    Diagnostic::error("E0302", "a range has two ends, so nothing is above or below it", expr.span)
        .here("a range")
        .help("compare with one end, or ask whether something lies within: `status in 200..299`")
}

pub fn no_order(expr: &Expr, symbol: &str) -> Diagnostic {
    Diagnostic::error(
        "E0302",
        format!("`{symbol}` needs an order, and {} has none", expr.ty.describe()),
        expr.span,
    )
    .here(expr.ty.describe())
    .help("compare with `==` or `!=`")
}

/// `other` is the other side, as it is written: in `status == 200 or 201` a comparison whose left side is meant again.
pub fn not_a_condition(expr: &Expr, symbol: &str, written: &str, other: (&str, Span)) -> Diagnostic {
    let finding = not_a_condition_at(expr, symbol);
    let (other, place) = other;
    match other.split_once(" == ").filter(|_| symbol == "or" && place.end <= expr.span.start) {
        Some((left, first)) if expr.constant().is_some() && !left.contains(['(', '\'', '"']) => {
            let better = format!("{left} in [{first}, {written}]");
            finding.help(format!("write `{better}`")).fix(place.to(expr.span), better, false)
        }
        _ => finding,
    }
}

fn not_a_condition_at(expr: &Expr, symbol: &str) -> Diagnostic {
    Diagnostic::error(
        "E0306",
        format!("`{symbol}` joins conditions, and {} is none", expr.ty.describe()),
        expr.span,
    )
    .here(expr.ty.describe())
    .help("compare it with something")
}

pub fn not_true_or_false(expr: &Expr, text: &str) -> Diagnostic {
    Diagnostic::error(
        "E0306",
        format!("a condition is true or false; this is {}", expr.ty.describe()),
        expr.span,
    )
    .here(expr.ty.describe())
    .help(format!("compare it with something, such as `{text} {}`", comparison(&expr.ty)))
}

/// A limit for a value of a type, for a help.
fn comparison(ty: &Type) -> &'static str {
    match ty {
        Type::Quantity { percent: true, .. } => "> 99%",
        Type::Quantity { dimension: Dimension::TIME, .. } => "< 500ms",
        Type::Quantity { dimension: Dimension::SIZE, .. } => "< 500MB",
        Type::Quantity { dimension: Dimension::RATE, .. } => "> 10/s",
        Type::Quantity { dimension: Dimension::BYTE_RATE, .. } => "> 1MB/s",
        Type::Text => "== \"done\"",
        _ => "== 0",
    }
}

pub fn argument_count(span: Span, function: &str, wanted: &str, given: usize) -> Diagnostic {
    let message = match wanted {
        "" => format!("`{function}` is how it is written, not with {given} values"),
        _ => format!("`{function}` takes {wanted}, not {given}"),
    };
    Diagnostic::error("E0305", message, span).here("called wrongly")
}

pub fn named_argument(span: Span, function: &str, name: &str, value: Span) -> Diagnostic {
    Diagnostic::error("E0305", format!("`{function}` takes its values by their places, not by name"), span)
        .here(format!("leave out `{name} =`"))
        .fix(Span::new(span.start, value.start), "", false)
}

pub fn takes_nothing(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0305", format!("`{name}` takes no such value"), span).here("one too many")
}

pub fn reading_needs(span: Span, target: &str, reading: &Reading) -> Diagnostic {
    let better = format!("{target}.{}(\"/\")", reading.name);
    Diagnostic::error("E0305", format!("`{}` needs to know of what", reading.name), span)
        .here("a value is missing")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

pub(super) fn shown(expr: &Expr) -> String {
    expr.constant().map_or_else(|| expr.ty.describe(), |value| format!("this is {value}"))
}

pub fn not_here(span: Span, name: &str, place: &str) -> Diagnostic {
    Diagnostic::error("E0310", format!("`{name}` is known {place} only"), span).here("not known here")
}

pub fn not_fixed(span: Span, usage: &str) -> Diagnostic {
    Diagnostic::error(
        "E0310",
        format!("`{usage}` gives something else each time, and what stands here is fixed"),
        span,
    )
    .here("not fixed before the run")
    .help("use it in an action or in the story")
}

/// What `for each` cannot go over.
pub fn not_a_list(expr: &Expr) -> Diagnostic {
    let finding = wrong(expr, "a list, or a table", None);
    match (&expr.ty, expr.constant()) {
        (Type::Range(_), Some(Value::Range(low, high))) => finding
            .here("a range, of which one value is drawn")
            .help(format!("write the values themselves: `[{low}, {high}]`")),
        (Type::Range(_), _) => {
            finding.here("a range, of which one value is drawn").help("as in `[10, 20, 30]`")
        }
        _ => finding.help("as in `[10, 20, 30]`"),
    }
}

/// A column of a dataset in the story.
pub fn column_outside(span: Span, dataset: &str) -> Diagnostic {
    Diagnostic::error(
        "E0310",
        format!("only an action takes rows of `{dataset}`, one for each iteration"),
        span,
    )
    .here("not in an action")
    .help("put the request into an action and load it, as in `load name 1 times`, or write the value here")
}
