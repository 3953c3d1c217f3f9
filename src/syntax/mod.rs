//! From text to a tree: layout, grammar, lowering, recovery, and back again: the formatter.

pub mod ast;
mod format;
mod grammar;
mod layout;
mod lower;
mod mistake;
mod tokens;
mod vocabulary;

pub use format::format;
pub use layout::{MAX_NESTING, MAX_STATEMENT_TOKENS, MAX_STATEMENTS};
pub use lower::MAX_OPERATORS;
pub use mistake::{is_any_sort, long_unit, spaced_duration};
pub use tokens::said;
pub use vocabulary::{is_reserved, reserved_words};

use crate::diag::Diagnostic;
use crate::source::SourceFile;

/// How many mistakes of one file are told.
pub const MAX_DIAGNOSTICS: usize = 100;

/// A file as it was read.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; what could not be read stands in it as `Bad`.
    pub file: ast::File,
    /// What is wrong, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether something could not be read.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads a file. It never fails: mistakes are told beside a tree of everything that could be read, in a time linear in
/// the length of the text.
pub fn parse(file: &SourceFile) -> Parsed {
    let mut layout = layout::scan(file);
    mistake::remove_stray_marks(&mut layout, file.base());
    let (items, mut diagnostics) = lower::lower(file, &layout);
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span().start, diagnostic.code));
    diagnostics.dedup_by(|later, earlier| later.code == earlier.code && later.span() == earlier.span());
    if diagnostics.len() > MAX_DIAGNOSTICS {
        let place = diagnostics[MAX_DIAGNOSTICS].span();
        diagnostics.truncate(MAX_DIAGNOSTICS);
        let message = "the mistakes from here on are not shown";
        diagnostics.push(Diagnostic::error("E0199", message, place));
    }
    Parsed { file: ast::File { items, comments: layout.comments }, diagnostics }
}
