//! The table of codes: what each finding is called, what it means, and an example of the mistake and its remedy.
//!
//! Codes are stable: one is never given a second meaning.

mod check;
mod reference;
mod run;
mod syntax;

pub use reference::{page, reference, section};

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

/// The parts of the table, each with what it is about.
const PARTS: &[(&str, &[Code])] = &[
    ("What cannot be read", syntax::CODES),
    ("Names", check::names::CODES),
    ("Types and values", check::types::CODES),
    ("Settings, verbs and texts", check::arguments::CODES),
    ("Actions and loads", check::load::CODES),
    ("Metrics, ledgers and expectations", check::measure::CODES),
    ("Permits and secrets", check::safety::CODES),
    ("Time", check::time::CODES),
    ("What runs and is probably not meant", check::lint::CODES),
    ("What a run finds", run::CODES),
];

/// The parts: what each is about, and its codes.
pub fn parts() -> impl Iterator<Item = (&'static str, &'static [Code])> {
    PARTS.iter().copied()
}

/// All codes.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    PARTS.iter().flat_map(|(_, part)| part.iter())
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    codes().find(|entry| entry.code.eq_ignore_ascii_case(code))
}
