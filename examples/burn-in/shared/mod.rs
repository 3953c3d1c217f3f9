//! What core and worker have in common: where the files lie, the state that both keep, and the bugs to have.

pub mod home;
pub mod state;

use clap::ValueEnum;

/// A bug that a team could have shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Broken {
    /// None
    None,
    /// The core writes the state in place, in two pieces
    TornState,
    /// The worker takes a job without claiming it first
    DoubleClaim,
    /// The worker never sends again what the core did not hear
    NoResync,
}
