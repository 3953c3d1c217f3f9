//! The one form of a scenario.
use super::ast;
use crate::source::SourceFile;
/// x
pub fn format(_file: &SourceFile, _parsed: &ast::File) -> String {
    String::new()
}
