//! The word lists of the declarations, and the templates they are put into.

use regex::Regex;
use soak::kinds::KINDS;
use soak::lang::function::{AGGREGATES, MAKERS, PROBES, SOURCES};
use soak::lang::reading::{ACTION_READINGS, LEDGER_READINGS};
use soak::lang::signature::{Form, Parameter};
use soak::lang::{unit, words};
use std::collections::BTreeSet;

/// The statements that give something a name.
const DECLARATIONS: &[&str] =
    &["param", "let", "secret", "metric", "ledger", "action", "mix", "curve", "dataset", "sequence"];

/// The words of a list, each once, in the order of the alphabet.
pub fn list(name: &str) -> BTreeSet<&'static str> {
    let kinds = || KINDS.iter().copied();
    let verbs = || kinds().flat_map(|kind| kind.verbs);
    let parameters = || verbs().flat_map(|verb| verb.parameters.iter().flat_map(Parameter::with_more));
    let flags = || parameters().filter(|parameter| parameter.form == Form::Flag);
    match name {
        "kinds" => kinds().map(|kind| kind.name).collect(),
        "settings" => kinds().flat_map(|kind| kind.all_settings()).map(|setting| setting.name).collect(),
        "verbs" => verbs().map(|verb| verb.name).collect(),
        "flags" => flags().map(|parameter| parameter.name).collect(),
        "parameters" => {
            let words = parameters().filter(|parameter| parameter.form != Form::Positional);
            words.map(|parameter| parameter.name).collect()
        }
        "readings" => {
            let of_kinds = kinds().flat_map(|kind| kind.readings);
            of_kinds.chain(ACTION_READINGS).chain(LEDGER_READINGS).map(|reading| reading.name).collect()
        }
        "aggregates" => AGGREGATES.iter().map(|aggregate| aggregate.name).collect(),
        "makers" => MAKERS.iter().map(|(_, name, _, _)| *name).collect(),
        "sources" => SOURCES.iter().map(|source| source.name).collect(),
        "probes" => PROBES.iter().map(|(name, _, _)| *name).collect(),
        "units" => unit::unit_names().collect(),
        "time_units" => unit::time_unit_names().collect(),
        "periods" => unit::period_names().collect(),
        "statement_words" => words::STATEMENT_WORDS.iter().copied().collect(),
        "declaration_words" => DECLARATIONS.iter().copied().collect(),
        // Without those that have something of their own behind them.
        "statement_words_only" => {
            let other = |word: &&str| DECLARATIONS.contains(word) || ["load", "do", "permit"].contains(word);
            words::STATEMENT_WORDS.iter().copied().filter(|word| !other(word)).collect()
        }
        "inner_words" => words::INNER_WORDS.iter().copied().collect(),
        // Without those that open a statement and those that are operators.
        "inner_words_only" => {
            let others = ["in", "over", "and", "or", "not"];
            let other = |word: &&str| words::STATEMENT_WORDS.contains(word) || others.contains(word);
            words::INNER_WORDS.iter().copied().filter(|word| !other(word)).collect()
        }
        "other_words" => words::OTHER_WORDS.iter().copied().collect(),
        "truth_words" => words::TRUTH_WORDS.iter().copied().collect(),
        _ => panic!("there is no list `{name}`"),
    }
}

/// Puts the lists where a template has `{{name}}` (joined by `|`) or `{{name:words}}` (by spaces).
pub fn fill(template: &str) -> String {
    let place = Regex::new(r"\{\{(\w+)(:words)?\}\}").unwrap();
    let filled = place.replace_all(template, |captures: &regex::Captures| {
        let words: Vec<&str> = list(&captures[1]).into_iter().collect();
        words.join(if captures.get(2).is_some() { " " } else { "|" })
    });
    filled.into_owned()
}

/// The words and marks of the language in the form that fuzzers read: one a line, in quotes.
pub fn dictionary() -> String {
    const LISTS: &[&str] = &[
        "statement_words",
        "inner_words",
        "other_words",
        "truth_words",
        "kinds",
        "settings",
        "verbs",
        "parameters",
        "flags",
        "readings",
        "aggregates",
        "makers",
        "sources",
        "probes",
    ];
    const MARKS: &[&str] = &[
        " { ",
        " }",
        " < ",
        " >",
        "; ",
        "\\x0a",
        "(",
        ")",
        "[",
        "]",
        "..",
        "->",
        "==",
        "!=",
        "<=",
        ">=",
        "\\\"",
        "'",
        "{x}",
        "\\\\\\x0a",
        "# ",
        "| a |",
        "\\x0d\\x0a",
        "5s",
        "1h30m",
        "10%",
        "50/min",
        "4KB",
        "1..2",
        "00:00",
    ];
    let words: BTreeSet<&str> = LISTS.iter().flat_map(|name| list(name)).collect();
    let entries = words.iter().chain(MARKS).map(|entry| format!("\"{entry}\"\n"));
    std::iter::once("# Renewed by `SOAK_UPDATE=1 cargo nextest run generated`.\n".into())
        .chain(entries)
        .collect()
}
