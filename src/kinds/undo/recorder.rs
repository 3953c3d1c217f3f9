//! Writing an undo down before it is needed, and the duty that follows from it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::{Outcome, Undo, UndoError};

/// One entry of a run's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Where undos are kept so that they outlive the process.
pub trait Recorder: Send + Sync {
    /// Writes the undo down. It is on disk when this returns.
    ///
    /// # Errors
    /// When it is not; what it would undo must then not be done.
    fn record(&self, undo: &Undo) -> Result<Ticket, JournalError>;

    /// Notes that nothing is left to undo. Losing the note is harmless: an undo can be carried out twice.
    fn settle(&self, ticket: Ticket);
}

/// Why an undo is not on disk.
#[derive(Debug, Error)]
pub enum JournalError {
    #[error("cannot write the undo journal `{}`: {reason}; free some space there or set XDG_STATE_HOME to a folder that can be written", .path.display())]
    Write { path: PathBuf, reason: io::Error },
    #[error("the undo journal `{}` is damaged after a failed write; nothing more can be written to it", .path.display())]
    Damaged { path: PathBuf },
    #[error("{limit} faults and processes stand at once, more than the undo journal keeps; undo some first")]
    Full { limit: usize },
    #[error("another soak runs under the name {run}")]
    Taken { run: String },
    #[error(
        "no folder for the undo journal can be used ({tried}); set XDG_STATE_HOME to one that can be written"
    )]
    NoFolder { tried: String },
}

/// The duty to undo something. It is on disk already, and it is carried out when this is dropped: forgetting it
/// is not possible, only [`Applied::undo`] tells how it went.
#[must_use = "what was applied is undone as soon as this is dropped"]
pub struct Applied {
    undo: Undo,
    ticket: Ticket,
    recorder: Arc<dyn Recorder>,
    owed: bool,
}

impl Applied {
    /// Writes the undo down, to be called just before the thing itself is done.
    ///
    /// # Errors
    /// When it cannot be written; then nothing may be done.
    pub fn record(recorder: &Arc<dyn Recorder>, undo: Undo) -> Result<Applied, JournalError> {
        let ticket = recorder.record(&undo)?;
        Ok(Applied { undo, ticket, recorder: Arc::clone(recorder), owed: true })
    }

    /// Undoes it now, blocking for as long as [`Undo::carry_out`] does.
    ///
    /// # Errors
    /// When something is left; the journal keeps the entry.
    pub fn undo(mut self) -> Result<Outcome, UndoError> {
        self.owed = false;
        let outcome = self.undo.carry_out()?;
        self.recorder.settle(self.ticket);
        Ok(outcome)
    }

    /// For when it was undone in another way, or was never done.
    pub fn settle(mut self) {
        self.owed = false;
        self.recorder.settle(self.ticket);
    }

    /// Leaves it to the journal: for what could not be undone here and is to be tried again by another process.
    pub fn leave_to_journal(mut self) {
        self.owed = false;
    }
}

impl Drop for Applied {
    fn drop(&mut self) {
        if self.owed && self.undo.carry_out().is_ok() {
            self.recorder.settle(self.ticket);
        }
    }
}
