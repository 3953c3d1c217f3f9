//! Findings as workflow commands of GitHub Actions, which shows them beside the lines of a pull request.
//!
//! The format: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use super::format::{Examined, Format, Setting, file_on_disk, once, sentence};
use super::{Diagnostic, concise};
use crate::source::Sources;

/// This form.
pub const FORMAT: Format = Format {
    name: "github",
    about: "Annotations of a pull request, by workflow commands of GitHub Actions",
    render,
};

fn render(examined: &[Examined], setting: &Setting) -> String {
    let mut commands = String::new();
    for (one, found) in once(examined) {
        if let Some(why) = &one.unreadable {
            let file = property("file", &setting.path(&one.name));
            commands.push_str(&format!("::error {file}::{}\n", escaped(why, false)));
        }
        for finding in found {
            commands.push_str(&command(&one.sources, finding, setting));
        }
    }
    commands
}

fn command(sources: &Sources, finding: &Diagnostic, setting: &Setting) -> String {
    let mut properties = Vec::new();
    if let Some(file) = file_on_disk(sources, finding.span()) {
        let (from, to) = (file.position(finding.span().start), file.position(finding.span().end));
        properties.push(property("file", &setting.path(file.name())));
        properties.push(property("line", &from.line.to_string()));
        properties.push(property("endLine", &to.line.to_string()));
        // Columns of a place that spans lines are not understood there.
        if from.line == to.line {
            // The end is the last column, which is part of it.
            let last = to.column.saturating_sub(1).max(from.column);
            properties.push(property("col", &from.column.to_string()));
            properties.push(property("endColumn", &last.to_string()));
        }
    }
    properties.push(property("title", finding.code));
    let severity = concise::severity(finding.severity);
    format!("::{severity} {}::{}\n", properties.join(","), escaped(&sentence(finding), false))
}

fn property(name: &str, value: &str) -> String {
    format!("{name}={}", escaped(value, true))
}

/// What ends a command or a property stands percent-encoded.
fn escaped(text: &str, in_property: bool) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' => result.push_str("%25"),
            '\r' => result.push_str("%0D"),
            '\n' => result.push_str("%0A"),
            ':' if in_property => result.push_str("%3A"),
            ',' if in_property => result.push_str("%2C"),
            other => result.push(other),
        }
    }
    result
}
