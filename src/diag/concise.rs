//! Findings one a line, in the form that editors and `grep` know: `file:line:column: error[E0203]: message`.

use super::{Diagnostic, Severity};
use crate::source::Sources;

/// All findings, one a line.
pub fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| line(sources, diagnostic)).collect()
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
