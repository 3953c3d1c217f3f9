//! Findings for other programs: one JSON object a line, described in `docs/checking.md`.

use super::format::{Examined, Format, Setting, once};
use super::{Diagnostic, concise};
use crate::source::{Sources, Span};
use serde::Serialize;

/// This form.
pub const FORMAT: Format = Format { name: "json", about: "One JSON object a line", render: all };

/// Raised when a member goes or changes its meaning; new ones may come at any time.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Finding<'a> {
    version: u32,
    /// None where a file could not be read at all.
    code: Option<&'a str>,
    severity: &'a str,
    message: &'a str,
    /// The first is the place that the finding is about.
    labels: Vec<Label<'a>>,
    help: Option<&'a str>,
    fixes: Vec<Fix<'a>>,
}

#[derive(Serialize)]
struct Label<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    text: &'a str,
}

#[derive(Serialize)]
struct Fix<'a> {
    #[serde(flatten)]
    place: Place<'a>,
    replacement: &'a str,
    safe: bool,
}

/// The start of a file without a name.
const NOWHERE: Place<'static> =
    Place { file: "", line: 1, column: 1, end_line: 1, end_column: 1, start: 0, end: 0 };

/// Lines and columns (in characters) count from 1; `start` and `end` are bytes from the file's start, the end exclusive.
#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    start: u32,
    end: u32,
}

fn all(examined: &[Examined], _setting: &Setting) -> String {
    let mut lines = String::new();
    for (one, found) in once(examined) {
        if let Some(why) = &one.unreadable {
            lines.push_str(&line(&unreadable(&one.name, why)));
        }
        lines.push_str(&render(&one.sources, found));
    }
    lines
}

/// These findings, an object a line.
pub fn render<'d>(sources: &Sources, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> String {
    diagnostics.into_iter().map(|diagnostic| line(&finding(sources, diagnostic))).collect()
}

fn line(finding: &Finding<'_>) -> String {
    // Only strings and numbers are in it, which always serialize.
    serde_json::to_string(finding).unwrap_or_default() + "\n"
}

fn unreadable<'a>(name: &'a str, why: &'a str) -> Finding<'a> {
    let place = Place { file: name, ..NOWHERE };
    let labels = vec![Label { place, text: "" }];
    Finding {
        version: VERSION,
        code: None,
        severity: "error",
        message: why,
        labels,
        help: None,
        fixes: Vec::new(),
    }
}

fn finding<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Finding<'a> {
    let labels = diagnostic.labels.iter();
    let fixes = diagnostic.fixes.iter();
    Finding {
        version: VERSION,
        code: Some(diagnostic.code),
        severity: concise::severity(diagnostic.severity),
        message: &diagnostic.message,
        labels: labels.map(|label| Label { place: place(sources, label.span), text: &label.text }).collect(),
        help: diagnostic.help.as_deref(),
        fixes: fixes
            .map(|fix| Fix { place: place(sources, fix.span), replacement: &fix.replacement, safe: fix.safe })
            .collect(),
    }
}

fn place(sources: &Sources, span: Span) -> Place<'_> {
    if sources.files().is_empty() {
        return NOWHERE;
    }
    let file = sources.file_of(span);
    let (from, to) = (file.position(span.start), file.position(span.end));
    Place {
        file: file.name(),
        line: from.line,
        column: from.column,
        end_line: to.line,
        end_column: to.column,
        start: span.start - file.base(),
        end: span.end - file.base(),
    }
}
