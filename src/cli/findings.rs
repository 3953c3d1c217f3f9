//! Showing what is wrong with a scenario, in the form that was asked for.

use super::output;
use crate::diag::human::Style;
use crate::diag::{Diagnostic, concise, human, json};
use crate::source::Sources;
use clap::ValueEnum;

/// A form of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: the lines they are about.
    #[default]
    Human,
    /// One a line, for editors and grep.
    Concise,
    /// One JSON object a line.
    Json,
}

/// The findings as text.
pub fn render(sources: &Sources, found: &[Diagnostic], format: Format, style: Style) -> String {
    match format {
        Format::Human => human::render(sources, found, style),
        Format::Concise => concise::render(sources, found),
        Format::Json => json::render(sources, found),
    }
}

/// Shows findings to whoever looks on: for commands whose data is something else.
pub fn show(sources: &Sources, found: &[Diagnostic]) {
    output::show(&render(sources, found, Format::Human, output::talk_style()));
}

/// `2 errors and 1 warning`; nothing where there is none.
pub fn count(found: &[Diagnostic]) -> Option<String> {
    let errors = found.iter().filter(|finding| finding.is_error()).count() as u64;
    let warnings = found.len() as u64 - errors;
    let told = |count, noun| crate::report::words::count(count, noun);
    match (errors, warnings) {
        (0, 0) => None,
        (errors, 0) => Some(told(errors, "error")),
        (0, warnings) => Some(told(warnings, "warning")),
        (errors, warnings) => Some(format!("{} and {}", told(errors, "error"), told(warnings, "warning"))),
    }
}
