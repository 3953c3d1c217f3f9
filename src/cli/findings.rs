//! Showing what is wrong with scenarios, in the form that was asked for.

use super::output;
use crate::diag::format::{self, FORMATS, Setting};
use crate::diag::{Diagnostic, human};
use crate::source::Sources;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use std::path::Path;

/// The form of findings, as the command line names it.
#[derive(Clone, Copy, Debug)]
pub struct Format(pub &'static format::Format);

impl Format {
    /// Takes the name of a form.
    pub fn parser() -> impl TypedValueParser<Value = Format> {
        let names = FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.about));
        PossibleValuesParser::new(names).map(|name| Format(format::find(&name).unwrap_or(&FORMATS[0])))
    }

    /// Whether it is for people, who are told more beside it.
    pub fn is_human(self) -> bool {
        self.0.name == human::FORMAT.name
    }
}

/// What the forms depend on here.
pub fn setting(strict: bool) -> Setting {
    Setting { style: output::data_style(), strict, folder: folder_in_repository().unwrap_or_default() }
}

/// In a workflow of GitHub places are told from the root of the repository, wherever soak was started in it.
fn folder_in_repository() -> Option<String> {
    let root = std::env::var_os("GITHUB_WORKSPACE").filter(|root| !root.is_empty())?;
    let (root, here) =
        (Path::new(&root).canonicalize().ok()?, std::env::current_dir().ok()?.canonicalize().ok()?);
    let below = here.strip_prefix(root).ok()?;
    let names = below.components().map(|name| format!("{}/", name.as_os_str().to_string_lossy()));
    Some(names.collect())
}

/// Shows findings to whoever looks on: for commands whose data is something else.
pub fn show(sources: &Sources, found: &[Diagnostic]) {
    output::show(&human::render(sources, found, output::talk_style()));
}

/// `2 errors and 1 warning`; nothing where there is none.
pub fn count<'d>(found: impl IntoIterator<Item = &'d Diagnostic>) -> Option<String> {
    let (errors, warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| finding.is_error());
    let told = |count: usize, noun| crate::report::words::count(count as u64, noun);
    match (errors.len(), warnings.len()) {
        (0, 0) => None,
        (errors, 0) => Some(told(errors, "error")),
        (0, warnings) => Some(told(warnings, "warning")),
        (errors, warnings) => Some(format!("{} and {}", told(errors, "error"), told(warnings, "warning"))),
    }
}
