//! E05xx: actions, loads, mixes, curves, datasets.

use super::list;
use crate::diag::Diagnostic;
use crate::lang::quantity::Quantity;
use crate::source::Span;

pub fn clauses_clash(span: Span, first: Span, why: &str) -> Diagnostic {
    Diagnostic::error("E0501", "these two say different things about one load", span)
        .here("this")
        .also(first, "and this")
        .help(why)
}

pub fn clause_alone(span: Span, word: &str, example: &str) -> Diagnostic {
    Diagnostic::error("E0501", format!("`{word}` means nothing here without `{example}`"), span).here("alone")
}

/// `load browse every 20ms`
pub fn period_for_rate(span: Span, rate: &str) -> Diagnostic {
    let better = format!("at {rate}");
    Diagnostic::error("E0501", "how often a load begins an iteration is a rate behind `at`", span)
        .here("`every` goes with `shaped`, for a curve that is repeated")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

pub fn sequential_lasts(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0501",
        "a load of so many iterations, one after the other, takes as long as they take",
        span,
    )
    .here("it has no duration")
    .help("add a rate, as in `at 20/s 50 times for 1m`")
}

pub fn no_arrival(span: Span) -> Diagnostic {
    Diagnostic::error("E0502", "this load does not say how much", span)
        .here("neither a rate, nor users, nor a number of times")
        .help("as in `at 50/s for 3m`, `with 100 users for 3m` or `10 times`")
}

pub fn without_end(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        "E0503",
        format!("this {what} has no end to reach: the block around it lasts as long as its statements"),
        span,
    )
    .here("for how long?")
    .help("add `for 10m`, or put it into a phase with a duration")
}

pub fn mix_total(span: Span, total: Quantity, shares: &[Span]) -> Diagnostic {
    let whole = Quantity { percent: true, ..Quantity::number(1) };
    let missing = whole.minus(total).filter(|missing| missing.to_f64() > 0.0);
    let help = match (missing, total.minus(whole)) {
        (Some(missing), _) => format!("{missing} are missing"),
        (None, Some(over)) => format!("take {over} away"),
        (None, None) => "make them 100% in all".into(),
    };
    let finding =
        Diagnostic::error("E0504", format!("the shares of a mix add up to 100%, not to {total}"), span)
            .here(format!("{total} in all"))
            .help(help);
    shares.iter().fold(finding, |finding, share| finding.also(*share, ""))
}

/// The weights of a mix as plain numbers, each with the share that it is.
pub fn bare_weights(better: &[(Span, String)]) -> Diagnostic {
    let whole = better.iter().map(|(span, _)| *span).reduce(Span::to).unwrap_or_default();
    let shares: Vec<&str> = better.iter().map(|(_, share)| share.as_str()).collect();
    let found =
        Diagnostic::error("E0302", "the weights of a mix are shares, which make 100% together", whole)
            .here("plain numbers")
            .help(format!("write {}", list(&shares, "and")));
    better.iter().fold(found, |found, (span, share)| found.fix(*span, share.as_str(), false))
}

pub fn curve_header(span: Span, columns: usize) -> Diagnostic {
    let finding =
        Diagnostic::error("E0505", "a curve has two columns, `at` and `level`", span).here("other columns");
    match columns {
        2 => finding.help("write `| at | level |`").fix(span, "at | level", false),
        _ => finding.help("as in `| at | level |`"),
    }
}

pub fn curve_time(span: Span) -> Diagnostic {
    Diagnostic::error("E0505", "a point of a curve begins with a time of day", span)
        .here("not a time of day")
        .help("as in `06:00`, up to `24:00`")
}

/// `20` where `20%` is meant.
pub fn bare_level(span: Span, written: &str) -> Diagnostic {
    let better = format!("{written}%");
    Diagnostic::error(
        "E0505",
        format!("a level is a share of the rate, and `{written}` is {written}00% of it"),
        span,
    )
    .here("a bare number")
    .help(format!("write `{better}`"))
    .fix(span, better, false)
}

pub fn curve_order(span: Span, above: Span) -> Diagnostic {
    Diagnostic::error("E0505", "the points of a curve stand in the order of time", span)
        .here("earlier than the one above")
        .also(above, "the one above")
        .help("put the rows in order; two rows at one time are a step")
}

pub fn curve_ends(span: Span, missing: &str) -> Diagnostic {
    Diagnostic::error("E0505", "a curve goes from 00:00 to 24:00", span)
        .here(format!("there is no point at {missing}"))
        .help(format!("add `| {missing} | 100% |`"))
}

/// `load a at a.rate`
pub fn measured_rate(span: Span) -> Diagnostic {
    Diagnostic::error("E0310", "the rate of a load is said, and not measured of a load", span)
        .here("known only once it runs")
        .help("write a rate, such as `50/s`, or a name that stands for one")
}

/// The last point stands at `at`, before the end of the day.
pub fn curve_ends_early(span: Span, at: &str, level: &str) -> Diagnostic {
    let found = Diagnostic::error("E0505", "a curve goes from 00:00 to 24:00", span)
        .here("the last point stands at the end of the day");
    if at.starts_with("23:") {
        return found.help("write `24:00`").fix(span, "24:00", false);
    }
    found.help(format!("add `| 24:00 | {level} |` below it, or the level that the day ends with"))
}

pub fn cells(span: Span, given: usize, wanted: usize) -> Diagnostic {
    Diagnostic::error("E0505", format!("a row has as many cells as the header: {wanted}, not {given}"), span)
        .here("this row")
}

pub fn dataset_without_file(span: Span) -> Diagnostic {
    Diagnostic::error("E0401", "a dataset needs `file`", span)
        .here("not given")
        .help("add `file \"people.csv\"`")
}

pub fn dataset_unreadable(span: Span, path: &str, why: &str) -> Diagnostic {
    Diagnostic::error("E0215", format!("`{path}` cannot be read: {why}"), span)
        .here("its first line names the columns")
        .help("a relative path starts at the scenario's folder")
}

pub fn empty_action(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0401", format!("the action `{name}` does nothing"), span).here("no request in it")
}

pub fn not_in_an_action(span: Span, target: &str, verb: &str) -> Diagnostic {
    Diagnostic::error(
        "E0410",
        format!("`{target} {verb}` belongs to the story: an action only asks and writes"),
        span,
    )
    .here("not in an action")
    .help("many iterations run at once, and each would do and undo it: tell it in the story, as in `every 10s { … }` beside the load")
}

pub fn bad_weight(span: Span) -> Diagnostic {
    Diagnostic::error("E0508", "a weight is a plain number above 0", span)
        .here("no weight")
        .help("as in `3: …`")
}
