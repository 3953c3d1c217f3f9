//! The forms in which findings are shown, and what a renderer is given: all scenarios of one call.

use super::human::Style;
use super::{Diagnostic, concise, github, human, json, junit, sarif};
use crate::source::{SourceFile, Sources, Span};
use std::collections::HashSet;

/// One form. Its renderer gets everything that was checked at once, because some forms are one document.
#[derive(Debug)]
pub struct Format {
    /// As it is asked for.
    pub name: &'static str,
    /// Whom it is for.
    pub about: &'static str,
    /// Everything that was checked, as text.
    pub render: fn(&[Examined], &Setting) -> String,
}

/// All forms; the first is used where none is asked for.
pub const FORMATS: &[Format] =
    &[human::FORMAT, concise::FORMAT, json::FORMAT, github::FORMAT, sarif::FORMAT, junit::FORMAT];

/// The form of a name.
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// A scenario that was checked.
#[derive(Debug, Default)]
pub struct Examined {
    /// Its file, as it was given.
    pub name: String,
    /// Its text and the texts of what it includes; none where it could not be read.
    pub sources: Sources,
    /// What was found in them.
    pub found: Vec<Diagnostic>,
    /// Why it could not be read.
    pub unreadable: Option<String>,
}

/// What a form depends on beside the findings.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How it is drawn.
    pub style: Style,
    /// Whether warnings count as mistakes.
    pub strict: bool,
    /// The folder that names are relative to, as seen from the root of the repository: empty, or with a `/` at its end.
    pub folder: String,
}

impl Setting {
    /// The name of a file as seen from the root of the repository, with `/` between folders.
    pub fn path(&self, name: &str) -> String {
        let name = if cfg!(windows) { name.replace('\\', "/") } else { name.to_owned() };
        if std::path::Path::new(&name).is_absolute() {
            return name;
        }
        format!("{}{}", self.folder, name.trim_start_matches("./"))
    }
}

/// Each scenario with the findings that no scenario before it has: a mistake in a file that two of them include is one.
pub fn once(examined: &[Examined]) -> Vec<(&Examined, Vec<&Diagnostic>)> {
    let mut told = HashSet::new();
    let mut fresh = |one: &Examined, finding: &Diagnostic| {
        let file = one.sources.files().get(1..).unwrap_or_default();
        // What lies in a scenario's own file belongs to it alone.
        let included = file.iter().find(|file| file.span().contains(finding.span()));
        included.is_none_or(|file| {
            let start = finding.span().start - file.base();
            told.insert((file.name().to_owned(), start, finding.code, finding.message.clone()))
        })
    };
    examined
        .iter()
        .map(|one| (one, one.found.iter().filter(|finding| fresh(one, finding)).collect()))
        .collect()
}

/// A sentence for one finding where there is no room for drawing: the message, what is said at the place, the help.
pub(super) fn sentence(finding: &Diagnostic) -> String {
    let mut text = finding.message.clone();
    let label = &finding.labels[0].text;
    if !label.is_empty() {
        text.push_str(&format!(" ({label})"));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    text
}

/// The file of a place, where it is one on disk.
pub(super) fn file_on_disk(sources: &Sources, span: Span) -> Option<&SourceFile> {
    if sources.files().is_empty() {
        return None;
    }
    Some(sources.file_of(span)).filter(|file| file.is_on_disk())
}
