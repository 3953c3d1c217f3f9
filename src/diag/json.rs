//! Findings for other programs: one JSON object a line.

use super::{Diagnostic, concise};
use crate::source::{Sources, Span};
use serde::Serialize;

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
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

/// All findings, an object a line.
pub fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut lines = String::new();
    for diagnostic in diagnostics {
        // Only strings and numbers are in it, which always serialize.
        lines.push_str(&serde_json::to_string(&finding(sources, diagnostic)).unwrap_or_default());
        lines.push('\n');
    }
    lines
}

fn finding<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Finding<'a> {
    let labels = diagnostic.labels.iter();
    let fixes = diagnostic.fixes.iter();
    Finding {
        code: diagnostic.code,
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
        return Place { file: "", line: 1, column: 1, end_line: 1, end_column: 1, start: 0, end: 0 };
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
