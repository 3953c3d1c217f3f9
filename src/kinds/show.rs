//! What `soak kinds` prints: plain text for a terminal of 80 columns or more.

use super::{KINDS, form};
use crate::lang::signature::{Kind, Parameter, Reading, Support, Verb};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The widest line.
const WIDTH: usize = 90;
/// What is left of a line for prose, however far it is indented.
const NARROWEST: usize = 30;
/// The widest left column of a list; what is wider stands on a line of its own.
const WIDEST_TERM: usize = 30;

/// All kinds, a line or two each.
pub fn overview() -> String {
    let mut page = String::from("Kinds of targets\n\n");
    let rows: Vec<(String, String)> = KINDS
        .iter()
        .map(|kind| (kind.name.to_string(), format!("{}{}", kind.about, form::suffix(kind.support))))
        .collect();
    list(&mut page, 2, &rows);
    page.push_str("\n`soak kinds NAME` tells what one takes, can be told, and measures.\n");
    if KINDS.iter().any(|kind| kind.support == Support::NotYet) {
        page.push_str(NOT_YET_MEANS);
    }
    page
}

const NOT_YET_MEANS: &str = "What is marked (not yet) passes `soak check` and is refused by `soak run`.\n";

/// All there is to know of one kind.
pub fn kind(kind: &Kind) -> String {
    let mut page = String::new();
    let title = format!("{}: {}{}", kind.name, kind.about, form::suffix(kind.support));
    paragraph(&mut page, 0, 2, words(&title));
    if !kind.built_in {
        let _ = write!(page, "\n  {} NAME {{ setting value… }}\n", kind.name);
    }
    settings(&mut page, kind);
    if !kind.verbs.is_empty() {
        page.push_str("\nVERBS\n");
        sentences(&mut page, 2, form::NATURES.iter().map(|sentence| sentence.to_string()));
        for group in form::verb_groups(kind) {
            verbs(&mut page, kind, group);
        }
    }
    readings(&mut page, kind);
    page.push_str("\nEXAMPLE\n");
    indented(&mut page, 2, kind.example);
    if page.contains("(not yet)") {
        page.push('\n');
        page.push_str(NOT_YET_MEANS);
    }
    page
}

fn settings(page: &mut String, kind: &Kind) {
    if kind.settings.is_empty() {
        return;
    }
    page.push_str("\nSETTINGS\n");
    list(page, 2, &parameter_rows(kind.settings));
    sentences(page, 2, form::rules(kind.one_of, kind.rules).into_iter());
}

fn parameter_rows(parameters: &[Parameter]) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for parameter in parameters {
        rows.push((form::parameter(parameter), form::parameter_about(parameter)));
        for more in parameter.more {
            rows.push((format!("  {}", form::parameter(more)), form::parameter_about(more)));
        }
    }
    rows
}

/// Verbs that take the same.
fn verbs(page: &mut String, kind: &Kind, group: &[Verb]) {
    for verb in group {
        page.push('\n');
        let pieces = form::verb_pieces(kind, verb);
        paragraph(page, 2, 6, pieces.iter().map(String::as_str));
        let nature = form::nature(verb.nature);
        prose(page, 4, &format!("[{nature}] {}{}", verb.about, form::suffix(verb.support)));
    }
    let [verb, rest @ ..] = group else { return };
    if !rest.is_empty() {
        page.push_str("\n    All of them take\n");
    }
    if !verb.parameters.is_empty() {
        list(page, 6, &parameter_rows(verb.parameters));
    }
    sentences(page, 6, form::rules(verb.one_of, verb.rules).into_iter());
    if !verb.gives.is_empty() {
        let names: Vec<&str> = verb.gives.iter().map(|given| given.name).collect();
        prose(page, 6, &format!("Gives {}.", names.join(", ")));
    }
}

fn readings(page: &mut String, kind: &Kind) {
    if kind.readings.is_empty() {
        return;
    }
    page.push_str("\nREADINGS\n");
    let target = if kind.built_in { kind.name } else { "NAME" };
    let row = |reading: &Reading| {
        let about = format!("{}{}", reading.about, form::suffix(reading.support));
        let result = form::result(reading.result);
        (format!("{target}.{}", form::reading(reading)), format!("[{result}] {about}"))
    };
    let rows: Vec<(String, String)> = kind.readings.iter().map(row).collect();
    list(page, 2, &rows);
}

/// Sentences, each on a line of its own.
fn sentences(page: &mut String, indent: usize, sentences: impl Iterator<Item = String>) {
    for sentence in sentences {
        paragraph(page, indent, indent + 2, words(&sentence));
    }
}

/// A text broken between its words, all lines indented alike.
fn prose(page: &mut String, indent: usize, text: &str) {
    paragraph(page, indent, indent, words(text));
}

/// The words of a text, where a mark of two words counts as one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    const MARK: &str = "(not yet)";
    let (text, mark) = text.strip_suffix(MARK).map_or((text, None), |text| (text.trim_end(), Some(MARK)));
    text.split(' ').chain(mark)
}

/// Two columns, the left one as wide as its widest term that is not too wide.
fn list(page: &mut String, indent: usize, rows: &[(String, String)]) {
    let fits = |term: &&str| term.width() <= WIDEST_TERM;
    let column = rows.iter().map(|(term, _)| term.as_str()).filter(fits).map(UnicodeWidthStr::width).max();
    let column = column.unwrap_or(WIDEST_TERM.min(indent + 2));
    let hanging = indent + column + 2;
    for (term, about) in rows {
        let mut first = format!("{:indent$}{term}", "");
        if term.width() > column {
            let mut line = String::new();
            paragraph(&mut line, indent, indent + 4, words(term));
            page.push_str(&line);
            first.clear();
        }
        let padding = hanging - first.width();
        let mut text = String::new();
        prose(&mut text, hanging, about);
        let _ = write!(page, "{first}{:padding$}{}", "", text.trim_start());
    }
}

/// Breaks pieces into lines, the first indented by `first`, the others by `rest`.
fn paragraph<'a>(page: &mut String, first: usize, rest: usize, pieces: impl Iterator<Item = &'a str>) {
    let width = WIDTH.max(rest + NARROWEST);
    let mut column = first;
    let _ = write!(page, "{:first$}", "");
    for (index, piece) in pieces.enumerate() {
        let wide = piece.width();
        if index > 0 && column + 1 + wide > width {
            let _ = write!(page, "\n{:rest$}", "");
            column = rest;
        } else if index > 0 {
            page.push(' ');
            column += 1;
        }
        page.push_str(piece);
        column += wide;
    }
    page.push('\n');
}

fn indented(page: &mut String, indent: usize, text: &str) {
    for line in text.lines() {
        let _ = writeln!(page, "{:indent$}{line}", "");
    }
}
