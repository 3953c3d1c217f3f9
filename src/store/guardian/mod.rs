//! The guardian: a small process of soak's own that undoes everything when the run's process dies or hangs.
//!
//! It is the same program started again with the hidden subcommand [`SUBCOMMAND`], in a session of its own so that a
//! Ctrl-C in the terminal passes it by. The runner holds the writing end of its standard input and sends a beat
//! every [`BEAT`]. One that has not beaten for [`SILENCE_LIMIT`] counts as hung, and so does one that was suspended
//! from the terminal for that long: it is killed before anything is undone, so that it cannot come back and apply
//! the next fault. Being debugged is no silence.

mod keeper;
mod watch;

use std::time::Duration;

use thiserror::Error;

pub use keeper::{Guardian, GuardianProgram, Tended};
pub use watch::main;

/// The hidden subcommand that makes soak a guardian.
pub const SUBCOMMAND: &str = "guardian";
/// How often the runner says that it lives.
pub const BEAT: Duration = Duration::from_secs(1);
/// How long a runner may say nothing before it is taken for hung.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// How long a new guardian may take to be ready.
pub const START_LIMIT: Duration = Duration::from_secs(10);

/// What the runner writes as a sign of life.
const BEAT_BYTE: u8 = b'.';
/// What the runner writes when nothing is left to undo.
const DONE_BYTE: u8 = b'd';
/// What the guardian writes once it watches.
const READY_LINE: &str = "soak-guardian-ready";

/// Why there is no guardian; without one no fault may be applied.
#[derive(Debug, Error)]
pub enum GuardianError {
    #[error(
        "cannot start the guardian process: {reason}; without it nothing would undo the faults of a run that dies"
    )]
    Start { reason: std::io::Error },
    #[error("the guardian process ended or said nothing for {} s after its start", START_LIMIT.as_secs())]
    NotReady,
}
