//! What the run and the helper of a faulty disk tell each other: one JSON value a line.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the helper is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// The disk is mounted: serve it. Random choices begin with this seed.
    Begin { seed: u64 },
    /// Put this fault into force, or take it away; what the one before of its sort did is told.
    Set { sort: Sort, fault: Option<Fault> },
    /// Forget what is not synced, or only some of it.
    Lose { torn: bool },
}

/// Of each sort one fault is in force, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    Slow,
    Fail,
    Readonly,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fault {
    /// Reads and writes take so much longer.
    Slow(Duration),
    /// This share of reads and writes fails.
    Fail(f64),
    /// Nothing can be written.
    Readonly,
}

impl Fault {
    pub fn sort(self) -> Sort {
        match self {
            Fault::Slow(_) => Sort::Slow,
            Fault::Fail(_) => Sort::Fail,
            Fault::Readonly => Sort::Readonly,
        }
    }
}

/// What a fault has met, and what it did. Of `slow` and `fail` reads and writes are met, of `readonly` what would write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub met: u64,
    pub done: u64,
    /// How much longer all together took.
    pub longer: Duration,
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    pub files: u64,
    /// Of what they held.
    pub bytes: u64,
    /// Of what they held without being synced, and hold still.
    pub stayed: u64,
    /// Files that had waited unsynced behind so many others that they count as written, since the run began.
    pub written_back: u64,
    /// Files that could not be put back.
    pub failed: u64,
}

/// What the helper answers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Told {
    Begun,
    Tally(Tally),
    Lost(Lost),
}
