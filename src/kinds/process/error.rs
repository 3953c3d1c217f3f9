//! What can go wrong with a process under test, worded for the reader of a report.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use super::found::LookError;
use super::stdin::SEND_PATIENCE;
use crate::kinds::undo::{JournalError, UndoError};

/// A verb, a start or a setting that failed.
#[derive(Debug, Error)]
pub enum ProcessError {
    #[error("program `{program}` is neither in PATH nor beside the scenario ({}); install it or write its path", .beside.display())]
    ProgramMissing { program: String, beside: PathBuf },
    #[error("`{}` cannot be executed; make it executable with chmod +x", .path.display())]
    NotExecutable { path: PathBuf },
    #[error("`{name}` has an empty command")]
    EmptyCommand { name: String },
    #[error("`{name}` is not a folder to start `{process}` in", name = .folder.display())]
    NoFolder { process: String, folder: PathBuf },
    #[error("cannot start `{name}`: {reason}")]
    Start { name: String, reason: io::Error },
    #[error("cannot supervise processes: {reason}")]
    Supervise { reason: io::Error },
    #[error("cannot write the output of `{name}` to `{}`: {reason}", .path.display())]
    Log { name: String, path: PathBuf, reason: io::Error },
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Undo(#[from] UndoError),
    #[error("`{name}` is not running")]
    NotRunning { name: String },
    #[error("`{name}` was not found: {reason}")]
    NotFound { name: String, reason: LookError },
    #[error("`{name}` is kept down by a `kill` that is not over")]
    HeldDown { name: String },
    #[error("`{name}` is being stopped")]
    Stopping { name: String },
    #[error("`{name}` does not end, even by SIGKILL")]
    DoesNotEnd { name: String },
    #[error("`{name}` was not ready within {within:?}")]
    NotReady { name: String, within: Duration },
    #[error("`{name}` ended before it was ready ({how})")]
    EndedBeforeReady { name: String, how: String },
    #[error("`{name}` has not read its input for {} s", SEND_PATIENCE.as_secs())]
    InputFull { name: String },
    #[error("a line of {length} bytes is too long to send to `{name}`; {limit} is the most")]
    LineTooLong { name: String, length: usize, limit: usize },
    #[error("`{name}` is no signal; use one of those of `kill -l`, such as HUP or USR1")]
    UnknownSignal { name: String },
    #[error("not permitted to signal `{name}`")]
    NotPermitted { name: String },
    #[error("`{name}` cannot be limited: {reason}")]
    Constrain { name: String, reason: io::Error },
    #[error("the supervision of `{name}` has ended")]
    Ended { name: String },
}
