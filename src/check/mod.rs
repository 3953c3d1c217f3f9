//! From the tree as written to a scenario in which every name is resolved and every type known.
//!
//! The files are read first, then everything is declared, then everything is resolved; what needs the whole
//! scenario (permits, times, lints) comes last. One mistake is told once: an expression that is wrong has the
//! type [`Type::Unknown`](crate::lang::types::Type), which goes with everything.

mod accept;
mod action;
mod allow;
mod arguments;
mod asked;
mod backend;
mod compared;
mod constants;
mod declare;
mod embedded;
pub mod evaluated;
mod expectation;
mod files;
mod hosts;
mod hover;
mod infer;
mod ledger;
mod lints;
mod load;
mod measure;
mod mistake;
mod names;
mod permits;
mod query;
mod readings;
mod receipt;
pub mod scenario;
mod secrets;
mod series;
mod state;
mod story;
pub mod support;
mod tables;
mod target;
mod tell;
mod timing;
mod told;
mod units;
pub mod walk;
mod worded;

pub use files::{DiskFiles, MAX_INCLUDES, ReadFiles};
pub use hover::{NamedPlace, names};

use crate::diag::Diagnostic;
use crate::source::{Sources, Span};
use crate::syntax::ast;
use scenario::Scenario;
use state::Checker;
use std::collections::HashSet;

/// What checking depends on beside the text.
pub struct Options<'a> {
    /// The values given on the command line: name and value, as in `--param duration=24h`.
    pub params: &'a [(String, String)],
    /// Reads includes and the first line of datasets; nothing else.
    pub files: &'a dyn ReadFiles,
}

/// What checking gives.
#[derive(Debug)]
pub struct Checked {
    /// The scenario; `None` when there are errors.
    pub scenario: Option<Scenario>,
    /// The parser's findings and the checker's, in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Checks a scenario: the first file of `sources`, to which what it includes is added.
///
/// # Panics
///
/// Where `sources` holds no file.
pub fn check(sources: &mut Sources, options: &Options) -> Checked {
    let mut found = Vec::new();
    let parsed = files::parse_all(sources, options.files, &mut found);
    // A file that was not read to the end may lack anything; what looks unused in it may be used after all.
    let whole = !found.iter().any(Diagnostic::is_error);
    let given = constants::parse_given(sources, options.params, &mut found);
    let mut checker = Checker::new(sources, options.files, found);
    checker.work(&items(&parsed), &given);
    checker.finish(whole, &parsed)
}

/// All statements of all files; `true` marks what stands in the scenario itself and not in an include.
fn items(parsed: &[(usize, ast::File)]) -> Vec<(bool, &ast::Statement)> {
    let items =
        parsed.iter().flat_map(|(index, file)| file.items.iter().map(move |item| (*index == 0, item)));
    items.collect()
}

impl<'a> Checker<'a> {
    /// Both passes.
    fn work(&mut self, items: &[(bool, &'a ast::Statement)], given: &'a [constants::Given]) {
        self.declare(items);
        self.override_params(given);
        self.resolve(items);
    }

    /// The second pass, in an order in which what is needed comes before what needs it.
    fn resolve(&mut self, items: &[(bool, &'a ast::Statement)]) {
        self.resolve_constants();
        self.check_tables();
        self.check_targets();
        self.check_actions();
        self.check_mixes();
        self.check_ledgers();
        self.resolve_metrics();
        self.check_story(items);
        self.check_uncalled_sequences();
    }

    /// What needs the whole scenario, then everything in the order of its places.
    fn finish(mut self, whole: bool, files: &[(usize, ast::File)]) -> Checked {
        self.check_hosts();
        self.check_permits();
        self.check_times();
        let clean = whole && !self.found.iter().any(Diagnostic::is_error);
        self.check_lints(clean);
        let clean = whole && !self.found.iter().any(Diagnostic::is_error);
        let unread_include = self.unread_include;
        let mut diagnostics = self.found;
        // The parser has told that the name is a word of the language.
        let told: HashSet<Span> =
            diagnostics.iter().filter(|found| found.code == "E0116").map(Diagnostic::span).collect();
        // What could not be included may declare any name.
        let unreadable = |found: &Diagnostic| found.code == mistake::place::UNREADABLE_INCLUDE;
        if unread_include || diagnostics.iter().any(unreadable) {
            diagnostics.retain(|found| found.code != "E0201");
        }
        diagnostics.retain(|found| found.code != "E0207" || !told.contains(&found.span()));
        diagnostics.sort_by_key(|finding| (finding.span().start, finding.span().end, finding.code));
        diagnostics.dedup();
        allow::apply(self.sources, files, &mut diagnostics, clean);
        diagnostics.sort_by_key(|finding| (finding.span().start, finding.span().end, finding.code));
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        Checked { scenario: (!failed).then_some(self.scenario), diagnostics }
    }
}
