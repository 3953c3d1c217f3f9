//! Faults of the whole machine: its processors kept busy, its memory held, its disk made to wait.
//!
//! What strains the machine is a helper with the hidden subcommand [`SUBCOMMAND`], so that the run's own threads stay on
//! time, and so that the kernel takes that process first when memory is short.

mod burn;
mod eat;
mod held;
mod stall;
mod worker;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

pub use held::{Held, StrainError};
pub use worker::main;

/// The hidden subcommand that makes soak strain the machine.
pub const SUBCOMMAND: &str = "strain";

/// What the machine is to bear. One line of JSON is the first and only order of such a process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strain {
    /// Processors are kept busy for this share of their time.
    Burn { share: f64 },
    /// So many bytes of memory are held.
    Eat { bytes: u64 },
    /// The disk under a folder is written to and waited for, with so many bytes of it left free.
    Stall { folder: PathBuf, reserve: u64 },
}

/// What came of it: the one line that such a process ends with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strained {
    Burnt(Burnt),
    Eaten(Eaten),
    Stalled(Stalled),
}

/// How busy processors were kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Burnt {
    /// Of all cores together, by this process.
    pub share: f64,
    /// Of all cores together, by everybody.
    pub busy: f64,
    pub cores: usize,
}

/// How much memory was held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Eaten {
    /// At most, in bytes.
    pub most: u64,
    /// At the end.
    pub left: u64,
    /// It was no more because the machine needs the rest.
    pub kept: bool,
}

/// How a disk was kept waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stalled {
    /// How long a small write took until it was on the disk, before; a quarter of them took less.
    pub before: Duration,
    /// And meanwhile; none where not one came to an end.
    pub during: Option<Duration>,
    /// Bytes written to keep it busy.
    pub written: u64,
    pub time: Duration,
}

/// What is told before that: whether it has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Begun {
    Well,
    Failed(String),
}
