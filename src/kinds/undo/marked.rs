//! Everything that carries a run's mark. Written down once, before a run's first process: it covers the moment
//! between a process's start and its own entry, and whoever left session and parents behind.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::identity::{boot_id, in_this_world, pid_namespace};
use super::process_table::{Member, ProcessTable, environment_holds};
use super::run_id::RunId;
use super::tree::{Marker, kill_until_none, members_with_descendants, signal_all};
use super::{Outcome, UndoError};

/// All processes of one run on this boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedProcesses {
    pub boot: String,
    pub namespace: u64,
    pub run: RunId,
}

impl MarkedProcesses {
    /// The processes of `run` here and now.
    pub fn of(run: RunId) -> MarkedProcesses {
        MarkedProcesses { boot: boot_id().to_owned(), namespace: pid_namespace(), run }
    }

    /// Those that live, with their descendants, the caller never among them.
    pub fn members(&self, table: &ProcessTable) -> Vec<Member> {
        if !in_this_world(&self.boot, self.namespace) {
            return Vec::new();
        }
        let wanted = Marker { run: self.run.clone(), process: None }.entries();
        let marked: BTreeSet<i32> =
            table.iter().filter(|entry| environment_holds(entry.pid, &wanted)).map(|e| e.pid).collect();
        members_with_descendants(table, marked)
    }

    pub(super) fn carry_out(&self) -> Result<Outcome, UndoError> {
        kill_until_none(|table| self.members(table))
    }

    /// Sends SIGKILL to those that live, once. What that does not reach is left to carrying out.
    pub(super) fn strike(&self) -> Outcome {
        let table = ProcessTable::read().ok();
        let struck = table.and_then(|table| signal_all(&self.members(&table), Signal::SIGKILL).ok());
        struck.unwrap_or(Outcome::AlreadyGone)
    }

    pub(super) fn describe(&self) -> String {
        format!("the processes of run {}", self.run)
    }
}
