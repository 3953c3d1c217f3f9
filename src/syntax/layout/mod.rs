//! The first reading of a file: one linear scan that finds statements and blocks, and blanks what the grammar
//! need not see.
//!
//! It knows marks, texts and comments, and of words only those that decide what a mark means: `{` is an object after
//! `json` and `form` and inside brackets, else a block; `<` opens a block behind the count of a loop.

mod characters;
mod marks;
mod scan;
mod text;

use super::ast::Comment;
use crate::diag::Diagnostic;
use crate::source::SourceFile;

/// How deep blocks and brackets may stand in each other. Everything later may recurse that deep.
pub const MAX_NESTING: usize = 128;
/// How many words, numbers and marks one statement may have.
pub const MAX_STATEMENT_TOKENS: usize = 20_000;
/// How many characters a name, a word or a number may have.
pub const MAX_WORD: usize = 10_000;
/// How many statements one file may have.
pub const MAX_STATEMENTS: usize = 500_000;

/// What the scan found. Positions are bytes from the file's start.
pub(super) struct Layout {
    /// The text at the same length, with comments, joined lines, newlines in brackets and characters that were
    /// reported already as spaces.
    pub masked: String,
    pub comments: Vec<Comment>,
    pub items: Vec<Item>,
    pub diagnostics: Vec<Diagnostic>,
    /// Whether marks do not match, so that a statement may stand in the wrong block.
    pub damaged: bool,
}

/// A statement: its text without the block, and the block.
#[derive(Debug)]
pub(super) struct Item {
    pub start: usize,
    /// One past the last character before the block.
    pub end: usize,
    /// The `:` behind the weight, in a `choose`.
    pub colon: Option<usize>,
    pub block: Option<BlockItem>,
    /// Something in it was reported already: it is not read further.
    pub broken: bool,
}

#[derive(Debug)]
pub(super) struct BlockItem {
    /// The opening mark.
    pub open: usize,
    /// One past the closing mark, or where the block ends without one.
    pub end: usize,
    pub angle: bool,
    pub items: Vec<Item>,
}

/// Scans a file. When marks do not match, a second scan takes the indentation into account to find the block that
/// was not closed; its findings are used where they explain the damage with few mistakes.
pub(super) fn scan(file: &SourceFile) -> Layout {
    let plain = scan::Scanner::new(file, false).run();
    if !plain.damaged {
        return plain;
    }
    let guided = scan::Scanner::new(file, true).run();
    let better = !guided.diagnostics.is_empty() && guided.diagnostics.len() <= plain.diagnostics.len();
    if better { guided } else { plain }
}
