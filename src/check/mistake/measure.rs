//! E06xx and the E03xx of readings: metrics, ledgers, windows, functions.

use super::{list, propose};
use crate::diag::Diagnostic;
use crate::lang::function::{SourceArgument, SourceSignature};
use crate::lang::quantity::Dimension;
use crate::lang::receipt::{RECEIPTS, Receipt};
use crate::lang::signature::Accepts;
use crate::lang::types::{Shape, Type};
use crate::source::Span;
use std::time::Duration;

pub fn bare_distribution(span: Span, name: &str, dimension: Dimension) -> Diagnostic {
    let function = if dimension == Dimension::NONE { "count" } else { "p95" };
    Diagnostic::error("E0303", format!("`{name}` is many values, not one"), span)
        .here("which of them?")
        .help(format!("say how they become one, such as `{function}({name})`"))
        .fix(span, format!("{function}({name})"), false)
}

pub fn function_behind_dot(span: Span, name: &str, function: &str) -> Diagnostic {
    let better = format!("{function}({name})");
    Diagnostic::error("E0303", format!("`{name}` is many values, and a function stands before them"), span)
        .here("a function behind a dot")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

pub fn bare_log(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0303", format!("the output of `{name}` is text, not a value"), span)
        .here("lines of text")
        .help(format!("count lines with `lines({name}.log, 'ERROR')`, or take numbers out with `capture({name}.log, 'took (\\d+)')`"))
}

/// A process where its output is meant.
pub fn log_meant(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0208", format!("`{name}` is a process; its lines are those of its log"), span)
        .here("not its output")
        .help(format!("write `{name}.log`"))
        .fix(span, format!("{name}.log"), false)
}

pub fn not_a_series(span: Span, function: &str) -> Diagnostic {
    Diagnostic::error("E0304", format!("`{function}` takes a reading, and this is one value"), span)
        .here("nothing is measured here over time")
}

pub fn function_of_log(span: Span, function: &str) -> Diagnostic {
    Diagnostic::error("E0304", format!("`{function}` takes numbers, and a log is text"), span)
        .here("lines of text")
        .help("take numbers out of it with `capture(…, 'took (\\d+)')`, or count lines with `lines(…)`")
}

pub fn wrong_shape(span: Span, function: &str, shape: Shape, able: &[&str]) -> Diagnostic {
    let what = match shape {
        Shape::Gauge => "a gauge (one value at a time)",
        Shape::Counter => "a counter (it only adds up)",
        Shape::Distribution => "a distribution (many values)",
        Shape::State => "a state (true or false)",
    };
    Diagnostic::error("E0304", format!("`{function}` says nothing about {what}"), span)
        .here(what)
        .help(format!("what can be asked of it is {}", list(able, "and")))
}

pub fn two_windows(span: Span) -> Diagnostic {
    Diagnostic::error("E0307", "a reading has one window", span).here("the second")
}

/// `better` is the comparison with the window behind its reading, at its place.
pub fn window_of_nothing(span: Span, ty: &Type, better: Option<(Span, String)>) -> Diagnostic {
    let message = format!("a window belongs to a reading, and this is {}", ty.describe());
    let found = Diagnostic::error("E0307", message, span).here("nothing is measured here");
    match better {
        Some((place, better)) => found.help(format!("write `{better}`")).fix(place, better, false),
        None => found.help("write it behind what is measured, as in `p99(api.latency over 1m) < 300ms`"),
    }
}

pub fn not_measured_here(span: Span) -> Diagnostic {
    Diagnostic::error("E0310", "nothing is measured here", span)
        .here("a reading")
        .help("readings stand in metrics, in conditions and in notes of the story")
}

/// `{submit.id}` in an iteration of another action.
pub fn capture_of_another(span: Span, written: &str) -> Diagnostic {
    Diagnostic::error("E0310", format!("`{written}` is what many iterations have captured"), span)
        .here("which of them?")
        .help(format!("write `recent({written})` for one of the latest, or `take({written})` for one that nobody else gets"))
        .fix(span, format!("recent({written})"), false)
}

pub fn source_not_fixed(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0311",
        "a source is read for the whole run, so it cannot depend on what a block or an iteration binds",
        span,
    )
    .here("not fixed before the run")
    .help("declare one metric for each")
}

pub fn source_arguments(span: Span, signature: &SourceSignature, given: usize) -> Diagnostic {
    let (least, most) = (signature.required, signature.arguments.len());
    let wanted = if least == most { format!("{most}") } else { format!("{least} or {most}") };
    let plural = if wanted == "1" { "" } else { "s" };
    let values = signature.arguments.iter().take(signature.required.max(1)).map(|argument| match argument {
        SourceArgument::GlobOrLog => "\"*.log\"",
        SourceArgument::FileOrUrl => "\"http://127.0.0.1:8080/queue\"",
        SourceArgument::JsonPath => "'$.depth'",
        SourceArgument::Value(Accepts::Target(_)) => "db",
        SourceArgument::Value(Accepts::Text) => "\"jobs_total\"",
        SourceArgument::Value(accepts) => super::arguments::example(accepts),
    });
    let values: Vec<&str> = values.collect();
    Diagnostic::error(
        "E0305",
        format!("`{}` takes {wanted} value{plural}, not {given}", signature.name),
        span,
    )
    .here("called wrongly")
    .help(format!("as in `{}({})`: {}", signature.name, values.join(", "), lower(signature.about)))
}

/// A sentence that goes on behind a colon.
fn lower(about: &str) -> String {
    let mut letters = about.trim_end_matches('.').chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `sql("select …")` without the database that is asked.
pub fn query_without_database(span: Span, query: Span, database: &str, written: &str) -> Diagnostic {
    Diagnostic::error("E0305", "`sql` takes 2 values, not 1: the database, then the query", span)
        .here("which database?")
        .help(format!("write `sql({database}, {written})`"))
        .fix(Span::at(query.start), format!("{database}, "), false)
}

/// `pattern` is the whole expression.
pub fn groups_missing(span: Span, given: usize, wanted: usize, what: &str, pattern: &str) -> Diagnostic {
    let groups = if wanted == 1 { "a group".to_string() } else { format!("{wanted} groups") };
    let digits = pattern.split_once("\\d+").filter(|_| given == 0 && wanted == 1);
    let example = match digits {
        Some((before, behind)) => format!("{before}(\\d+){behind}"),
        None if wanted > 1 => "id=(\\d+).*value=(\\S+)".to_string(),
        None => "id=(\\d+)".to_string(),
    };
    Diagnostic::error("E0603", format!("this expression needs {groups}: {what}"), span)
        .here(format!("{given} in it"))
        .help(format!("put parentheses around what is meant, as in `'{example}'`"))
}

pub fn captured_later(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0506", format!("`{name}` is captured further down"), span)
        .here("not captured yet")
        .help("put the request that captures it above")
}

pub fn not_a_pool(span: Span, usage: &str) -> Diagnostic {
    Diagnostic::error("E0604", format!("`{usage}` draws from what an action captures"), span)
        .here("no capture")
        .help("as in `recent(create.id)`")
}

pub fn no_capture(
    span: Span,
    (action, owner): (&str, Span),
    name: &str,
    captures: &[String],
    elsewhere: Option<(&str, Span)>,
) -> Diagnostic {
    let names: Vec<&str> = captures.iter().map(String::as_str).collect();
    let meant = super::super::names::nearest(name, names.iter().copied());
    let finding = Diagnostic::error("E0604", format!("the action `{action}` captures no `{name}`"), span)
        .here("never captured");
    if let Some((other, place)) = elsewhere.filter(|_| meant.is_none()) {
        return finding
            .also(place, "captured by this one")
            .help(format!("write `{other}.{name}`"))
            .fix(owner, other, false);
    }
    if names.is_empty() {
        return finding.help(format!("add `capture {name} = body.{name}` to its request"));
    }
    if meant.is_none() {
        let there = list(&names, "and");
        return finding.help(format!("add `capture {name} = body.{name}` to its request; there is {there}"));
    }
    propose(finding, span, meant, &names)
}

pub fn ledger_without(span: Span, name: &str, side: &str) -> Diagnostic {
    let help = match side {
        "sent" => "add `sent action.capture`: the key of each item that is sent",
        _ => {
            "add `received files(\"out/**\", '([^/]+)$')` or `received lines(\"out.jsonl\", '\"id\": ?(\\d+)')`"
        }
    };
    Diagnostic::error("E0601", format!("the ledger `{name}` does not say what is {side}"), span)
        .here(format!("no `{side}`"))
        .help(help)
}

pub fn ledger_without_key(span: Span, receipt: &Receipt) -> Diagnostic {
    Diagnostic::error("E0601", "a ledger needs to know the key of what arrives", span)
        .here("what is looked at, and by what an item is known there, belong here")
        .help(format!("as in `{}`", receipt.example))
}

pub fn receipt_without(span: Span, receipt: &Receipt, name: &str) -> Diagnostic {
    let message = match name {
        "key" => "a ledger needs to know the key of what arrives",
        _ => "what is sent has a value, which must be found in what arrives",
    };
    Diagnostic::error("E0601", message, span)
        .here(format!("no `{name}`"))
        .help(format!("as in `{}`", receipt.example))
}

pub fn known_twice(span: Span) -> Diagnostic {
    Diagnostic::error("E0602", "an item is known by `key` or by the groups of an expression", span)
        .here("by both, or by too many values")
        .help("leave out one of them")
}

pub fn not_a_column(span: Span) -> Diagnostic {
    Diagnostic::error("E0602", "`growing` is the name of a column that the query gives", span)
        .here("no plain name")
        .help("give it one with `as`, as in `sql(store, \"select id, xmin::text as nr from orders\", growing = \"nr\")`")
}

pub fn receipt_knows_no(span: Span, receipt: &Receipt, name: &str, known: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0602", format!("`{}` takes no `{name}`", receipt.name), span)
        .here("not known here");
    if known.is_empty() {
        return finding.help(format!("its values have no names, as in `{}`", receipt.example));
    }
    let meant = super::super::names::nearest(name, known.iter().copied());
    propose(finding, span, meant, known)
}

pub fn not_a_key(span: Span, better: Option<String>) -> Diagnostic {
    let finding =
        Diagnostic::error("E0602", "a key is something of an action: a capture, `seq` or `path`", span)
            .here("no key");
    match better {
        Some(better) => finding.help(format!("write `sent {better}`")).fix(span, better, false),
        None => finding.help("as in `sent create.id`"),
    }
}

pub fn value_of_other_action(span: Span, key: Span, action: &str) -> Diagnostic {
    Diagnostic::error("E0602", "key and value come from one action", span)
        .here("of another action")
        .also(key, format!("the key is of `{action}`"))
}

pub fn received_with(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0602",
        "what arrives tells its value itself: in a second group, a second column or a `value`",
        span,
    )
    .here("leave it out")
}

pub fn not_received(span: Span, meant: Option<&str>) -> Diagnostic {
    let names: Vec<&str> = RECEIPTS.iter().map(|receipt| receipt.name).collect();
    let message = format!("a ledger receives from {}", list(&names, "or"));
    let finding = Diagnostic::error("E0602", message, span).here("none of them");
    match meant {
        Some(meant) => propose(finding, span, Some(meant), &[]),
        None => finding.help("as in `received files(\"out/**\", '([^/]+)$')`"),
    }
}

pub fn files_of_log(span: Span, function: Span) -> Diagnostic {
    Diagnostic::error("E0602", "`files` takes paths, and a log is lines", span)
        .here("a log")
        .help("write `lines`")
        .fix(function, "lines", false)
}

pub fn not_a_metric(span: Span, ty: &Type) -> Diagnostic {
    Diagnostic::error("E0605", format!("a metric is a number, or true or false, not {}", ty.describe()), span)
        .here(ty.describe())
}

pub fn metric_of_nothing(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0605", format!("the metric `{name}` measures nothing"), span)
        .here("the same all the time")
        .help(format!("a constant is declared with `let {name} = …`"))
}

pub fn sampled_too_often(span: Span, least: Duration) -> Diagnostic {
    let least = crate::lang::unit::format_duration(least);
    Diagnostic::error("E0308", format!("a metric is sampled every {least} at most"), span).here("too often")
}

pub fn tolerate_without_always(span: Span) -> Diagnostic {
    Diagnostic::error("E0606", "`tolerate` allows for a breach of what must hold `always`", span)
        .here("nothing to tolerate")
        .help("as in `always tolerate 30s`")
}

pub fn show_wants_query(span: Span) -> Diagnostic {
    Diagnostic::error("E0606", "`show` takes a query", span)
        .here("no query")
        .help("as in `show sql(db, \"select …\")`")
}

/// `better` is the line with a value; whether what arrives needs a second group for it.
pub fn never_altered(span: Span, sent: Span, ledger: &str, better: &str, groups: bool) -> Diagnostic {
    let behind = if groups { ", with a second group for it where it is received" } else { "" };
    Diagnostic::warning(
        "W0932",
        format!("this is decided before the run: `{ledger}` compares no values, so nothing is altered"),
        span,
    )
    .here("always 0")
    .also(sent, "sends a key and no value")
    .help(format!("say what must arrive unchanged, as in `{better}`{behind}"))
}

/// A websocket's messages have no topic.
pub fn no_topic(span: Span) -> Diagnostic {
    Diagnostic::error("E0602", "the messages of a websocket have no topic", span)
        .here("leave it out")
        .help("as in `messages(events, key = '$.id')`")
}

/// `growing = "nr"` of a query that gives no such column.
pub fn column_not_given(span: Span, name: &str, query: Span, columns: &[String]) -> Diagnostic {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    Diagnostic::error("E0602", format!("the query does not give a column `{name}`"), span)
        .here("not among its columns")
        .also(query, format!("gives {}", list(&columns, "and")))
        .help(format!("let the query give it too: `select {}, {name} from …`", columns.join(", ")))
}

/// `over 5 * unit`
pub fn computed_window(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0124", "a window that is computed stands in parentheses", span)
        .here("only its first number is the window")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}
