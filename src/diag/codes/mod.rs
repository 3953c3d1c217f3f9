//! The table of codes: what each finding is called, what it means, and an example of the mistake and its remedy.
//!
//! Codes are stable: one is never given a second meaning.

mod check;
mod syntax;

/// One code and its explanation, as `soak explain` shows it.
#[derive(Debug)]
pub struct Code {
    /// Such as `E0203`.
    pub code: &'static str,
    /// What it is called, a few words.
    pub title: &'static str,
    /// What it means and why it matters, in whole sentences.
    pub explanation: &'static str,
    /// A whole scenario, or statements of one, with the mistake.
    pub bad: &'static str,
    /// The same without it.
    pub good: &'static str,
}

/// The parts of the table, one for each room that finds mistakes.
const PARTS: &[&[Code]] = &[
    syntax::CODES,
    check::names::CODES,
    check::types::CODES,
    check::arguments::CODES,
    check::load::CODES,
    check::measure::CODES,
    check::safety::CODES,
    check::time::CODES,
    check::lint::CODES,
];

/// All codes.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    PARTS.iter().flat_map(|part| part.iter())
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    codes().find(|entry| entry.code.eq_ignore_ascii_case(code))
}
