//! From the events of a run to its report: a summary folded in bounded memory, and pure functions from it to bytes.
//!
//! The [`Summary`] takes events one by one, live or from a record; [`Summary::report`] gives the [`Report`] that
//! `report.json` holds, and Markdown and the terminal's scorecard are written from.

mod acts;
mod document;
mod expectations;
mod faults;
mod loads;
mod markdown;
mod phases;
mod processes;
pub mod scorecard;
mod summary;
mod took;
mod verdict;
pub mod words;

pub use document::*;
pub use markdown::markdown;
pub use summary::Summary;
pub use verdict::weight;

/// How many phases, faults, notes or notices are told one by one; the rest is counted.
pub const MAX_TOLD: usize = 1_000;
/// How many rows of expectations, acts, commands, loads or groups there may be; more than a file declares.
pub const MAX_ROWS: usize = 1_000;
/// How many missed judgements of one expectation are told, and how long each recovery took.
pub const MAX_TOLD_OF_ONE: usize = 100;
/// How many phases or faults may be open at a time before later ones are only counted.
pub const MAX_OPEN: usize = 10_000;

/// `report.json`: what other programs rely on, ended by a newline.
pub fn json(summary: &Summary) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(&summary.report()).expect("a report is made of texts and numbers");
    bytes.push(b'\n');
    bytes
}
