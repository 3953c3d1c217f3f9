//! Processes that soak did not start: found, watched, faulted, and left running.
//!
//! [`whereabouts`] looks for the process; [`keeper`] is the task that stands in the place of a supervisor: it takes the
//! same orders, notices exits, and finds the process again when somebody else has started it anew.

pub(super) mod keeper;
mod whereabouts;

use std::time::Duration;

use super::probe::Probe;

pub use whereabouts::{LookError, Whereabouts};

/// One declared process that runs already.
#[derive(Clone, Debug)]
pub struct FoundOptions {
    /// Its name in the scenario.
    pub name: String,
    pub whereabouts: Whereabouts,
    /// When it counts as ready; once it is found where nothing is said.
    pub ready: Option<Probe>,
    /// How long that may take.
    pub within: Duration,
}
