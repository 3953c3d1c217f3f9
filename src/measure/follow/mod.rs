//! Following files as they change, by notification (inotify), never by polling.
//!
//! One [`Hub`] serves all followers of a run with one inotify instance; it is a task of its own. A follower
//! is asked for through a [`HubHandle`]; once that answers, the watches stand, and everything from then on counts.
//!
//! A directory is watched first and listed afterwards, so that nothing can slip between; what a listing and a
//! notification both tell of is told once. Symbolic links to directories are not entered.

mod files;
mod folders;
mod follower;
mod handle;
mod hub;
mod lateness;
mod lease;
mod lines;
mod outbox;
mod tail;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use crate::lang::pattern::{BadPattern, Pattern};
pub use files::{FileEvent, FileHappening};
pub use handle::{FileFollower, Health, HubHandle, LineFollower};
pub use hub::Hub;
pub use lateness::LatenessSummary;
pub use lines::LineBatch;
pub use tail::{FileId, MOST_LINE_BYTES, Tail};

/// Why something cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error("no more inotify instances are to be had ({0}); raise fs.inotify.max_user_instances")]
    NoInstance(std::io::Error),
    #[error("{} cannot be watched: the limit of watches is used up; raise fs.inotify.max_user_watches", .0.display())]
    TooManyWatches(PathBuf),
    #[error("{} cannot be watched: {}", .0.display(), .1)]
    Unwatchable(PathBuf, std::io::Error),
    #[error("more than {0} followers in one run")]
    TooManyFollowers(usize),
    #[error("what follows files has ended")]
    Ended,
}
