//! What must be undone, as a value that another process can carry out.
//!
//! Whoever is about to change something outside soak writes an [`Undo`] down through a [`Recorder`] first and
//! changes it then. Every variant lives in a file of its own and keeps three promises: it can be carried out
//! twice, by a process that knows nothing but the value, and it leaves alone whatever soak did not make.
//! A new one is a file here, a variant, and an arm in [`Undo::carry_out`] and [`Undo::describe`].

mod control_group;
mod error;
mod file;
mod folder;
mod identity;
mod interface;
mod limited;
mod marked;
mod paused;
mod process_table;
mod recorder;
mod run_id;
mod service;
mod started;
mod tree;

use serde::{Deserialize, Serialize};

pub use control_group::{MEMBERS, OwnedControlGroup};
pub use error::UndoError;
pub use file::OwnedFile;
pub use folder::{OWNER_MARK, OwnedFolder};
pub use identity::{Delivery, Identity};
pub use interface::TouchedInterface;
pub use limited::{ChangedLimit, LimitedTree, Resource, soft_limit};
pub use marked::MarkedProcesses;
pub use paused::PausedTree;
pub use process_table::{Member, ProcessEntry, ProcessTable, is_marked};
pub use recorder::{Applied, JournalError, Recorder, Ticket};
pub use run_id::{RunId, RunIdError};
pub use service::{CONTAINER_TOOLS, DownService, Service, output_of};
pub use started::StartedTree;
pub use tree::{KILL_LIMIT, MARK_PROCESS, MARK_RUN, Marker, Tree};

/// One thing to be undone. Its JSON form is what the journal holds: fields may be added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "snake_case")]
pub enum Undo {
    /// Whatever carries a run's mark in its environment is killed.
    Marked(MarkedProcesses),
    /// A process soak started is killed, with all it started in turn.
    Started(StartedTree),
    /// A process soak stopped with SIGSTOP goes on.
    Paused(PausedTree),
    /// A process that soak did not start gets the limits back that it had.
    Limited(LimitedTree),
    /// A folder soak made is removed with what is in it.
    Folder(OwnedFolder),
    /// A file soak made is removed.
    File(OwnedFile),
    /// A service soak brought down is started.
    Down(DownService),
    /// What soak put on a network interface is taken away.
    Interface(TouchedInterface),
    /// A control group soak made is removed, and who is in it goes back.
    ControlGroup(OwnedControlGroup),
}

/// What carrying out an undo came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something was there and is undone.
    Undone,
    /// Nothing was left to undo.
    AlreadyGone,
}

impl Undo {
    /// Undoes it, blocking for at most [`KILL_LIMIT`] or as long as removing files takes.
    ///
    /// # Errors
    /// When what soak made is still there afterwards; the journal then keeps the entry for a later attempt.
    pub fn carry_out(&self) -> Result<Outcome, UndoError> {
        match self {
            Undo::Marked(marked) => marked.carry_out(),
            Undo::Started(started) => started.carry_out(),
            Undo::Paused(paused) => paused.carry_out(),
            Undo::Limited(limited) => limited.carry_out(),
            Undo::Folder(folder) => folder.carry_out(),
            Undo::File(file) => file.carry_out(),
            Undo::Down(down) => down.carry_out(),
            Undo::Interface(interface) => interface.carry_out(),
            Undo::ControlGroup(group) => group.carry_out(),
        }
    }

    /// The part of the undoing that needs neither waiting nor a disk: whatever would be killed is sent SIGKILL.
    /// [`Undo::carry_out`] is due all the same.
    pub fn strike(&self) -> Outcome {
        match self {
            Undo::Marked(marked) => marked.strike(),
            Undo::Started(started) => started.strike(),
            Undo::Paused(_)
            | Undo::Limited(_)
            | Undo::Folder(_)
            | Undo::File(_)
            | Undo::Down(_)
            | Undo::Interface(_)
            | Undo::ControlGroup(_) => Outcome::AlreadyGone,
        }
    }

    /// The thing to be undone in a few words that fit after "undone: ".
    pub fn describe(&self) -> String {
        match self {
            Undo::Marked(marked) => marked.describe(),
            Undo::Started(started) => started.describe(),
            Undo::Paused(paused) => paused.describe(),
            Undo::Limited(limited) => limited.describe(),
            Undo::Folder(folder) => folder.describe(),
            Undo::File(file) => file.describe(),
            Undo::Down(down) => down.describe(),
            Undo::Interface(interface) => interface.describe(),
            Undo::ControlGroup(group) => group.describe(),
        }
    }
}
