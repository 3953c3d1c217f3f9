//! From text to a tree: layout, grammar, lowering, recovery, and back again: the formatter.

pub mod ast;
