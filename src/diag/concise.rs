//! Findings one a line, in the form that editors and `grep` know: `file:line:column: error[E0203]: message`.

use super::format::{Examined, Format, Setting, once};
use super::{Diagnostic, Severity};
use crate::source::Sources;

/// This form.
pub const FORMAT: Format = Format { name: "concise", about: "One a line, for editors and grep", render: all };

fn all(examined: &[Examined], _setting: &Setting) -> String {
    once(examined).into_iter().map(|(one, found)| render(&one.sources, found)).collect()
}

/// These findings, one a line.
pub fn render<'d>(sources: &Sources, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> String {
    diagnostics.into_iter().map(|diagnostic| line(sources, diagnostic)).collect()
}

/// The line of one finding, with its ending.
pub(super) fn line(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let severity = severity(diagnostic.severity);
    let (code, message) = (diagnostic.code, &diagnostic.message);
    if sources.files().is_empty() {
        return format!("{severity}[{code}]: {message}\n");
    }
    let file = sources.file_of(diagnostic.span());
    let position = file.position(diagnostic.span().start);
    format!("{}:{position}: {severity}[{code}]: {message}\n", file.name())
}

/// The word for a severity.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
