//! A process and all it brought about, found again from outside.
//!
//! Three nets, since each has its hole: the session (left by `setsid`), descent (cut when a parent ends), and a
//! mark in the environment (lost when a program clears it).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::identity::{Delivery, Identity};
use super::process_table::{Member, ProcessEntry, ProcessTable, environment_holds};
use super::run_id::RunId;
use super::{Outcome, UndoError};

/// The environment variable that names the run in every process soak starts.
pub const MARK_RUN: &str = "SOAK_RUN";
/// The environment variable that names the declared process.
pub const MARK_PROCESS: &str = "SOAK_PROCESS";
/// How long SIGKILL is given to take effect on a whole tree.
pub const KILL_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks at a tree that is being killed.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Looks in a row that must find nobody: one look can miss a process that forks at that moment.
const EMPTY_LOOKS: u32 = 3;

/// The mark a started process and all its descendants inherit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    pub run: RunId,
    /// The declared process; `None` stands for every process of the run.
    pub process: Option<String>,
}

impl Marker {
    /// The environment entries that make up the mark.
    pub fn entries(&self) -> Vec<String> {
        let mut entries = vec![format!("{MARK_RUN}={}", self.run)];
        entries.extend(self.process.iter().map(|name| format!("{MARK_PROCESS}={name}")));
        entries
    }
}

/// A process with all it started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    pub root: Identity,
    /// Whether `root` leads a session of its own, which then belongs to the tree.
    pub leads_session: bool,
    /// The mark the tree's processes carry, where soak started them.
    pub marker: Option<Marker>,
}

impl Tree {
    /// The living processes of the tree, the caller never among them.
    pub fn members(&self, table: &ProcessTable) -> Vec<Member> {
        if !self.root.is_here() {
            return Vec::new();
        }
        let entries = self.marker.as_ref().map(Marker::entries);
        let marked: BTreeSet<i32> = match &entries {
            Some(wanted) => {
                table.iter().filter(|entry| environment_holds(entry.pid, wanted)).map(|e| e.pid).collect()
            }
            None => BTreeSet::new(),
        };
        self.close(table, marked)
    }

    /// As [`Tree::members`], for the process that adopts the tree's orphans: only its own children are searched
    /// for the mark, which is cheap enough for every sample.
    pub fn members_of_subreaper(&self, table: &ProcessTable) -> Vec<Member> {
        let own = nix::unistd::getpid().as_raw();
        let entries = self.marker.as_ref().map(Marker::entries).unwrap_or_default();
        let marked = table
            .iter()
            .filter(|entry| entry.parent == own && !entries.is_empty() && !entry.is_zombie())
            .filter(|entry| environment_holds(entry.pid, &entries))
            .map(|entry| entry.pid)
            .collect();
        self.close(table, marked)
    }

    /// Adds the root, its session and all descendants to `found`.
    fn close(&self, table: &ProcessTable, mut found: BTreeSet<i32>) -> Vec<Member> {
        let root_is_there = table.get(self.root.pid).is_some_and(|entry| entry.started == self.root.started);
        if root_is_there {
            found.insert(self.root.pid);
        }
        // A session's number is not given out again while anyone is in it. So it is ours if its leader is ours, or
        // if anyone in it carries our mark; with neither, it may be a later session of the same number.
        let in_session = |entry: &ProcessEntry| self.leads_session && entry.session == self.root.pid;
        let session_is_ours =
            root_is_there || found.iter().any(|pid| table.get(*pid).is_some_and(&in_session));
        if session_is_ours {
            found.extend(table.iter().filter(|entry| in_session(entry)).map(|entry| entry.pid));
        }
        members_with_descendants(table, found)
    }

    /// Signals every living process of the tree once.
    ///
    /// # Errors
    /// When /proc cannot be read or processes may not be signalled.
    pub fn signal(&self, signal: Signal) -> Result<Outcome, UndoError> {
        let table = ProcessTable::read().map_err(|reason| UndoError::NoProcessTable { reason })?;
        signal_all(&self.members(&table), signal)
    }

    /// Kills the tree and waits until nobody of it lives.
    ///
    /// # Errors
    /// When somebody still does after [`KILL_LIMIT`].
    pub fn kill(&self) -> Result<Outcome, UndoError> {
        kill_until_none(|table| self.members(table))
    }
}

/// `found` and all that descend from them, without the ended ones and without the caller.
pub(super) fn members_with_descendants(table: &ProcessTable, mut found: BTreeSet<i32>) -> Vec<Member> {
    let own = nix::unistd::getpid().as_raw();
    found.remove(&own);
    loop {
        let before = found.len();
        for entry in table.iter() {
            if entry.pid != own && found.contains(&entry.parent) {
                found.insert(entry.pid);
            }
        }
        if found.len() == before {
            break;
        }
    }
    let alive = found.iter().filter_map(|pid| table.get(*pid)).filter(|entry| !entry.is_zombie());
    alive.map(ProcessEntry::member).collect()
}

/// Signals each member once.
pub(super) fn signal_all(members: &[Member], signal: Signal) -> Result<Outcome, UndoError> {
    let mut outcome = Outcome::AlreadyGone;
    let mut refused = Vec::new();
    for member in members {
        match member.signal(signal) {
            Delivery::Sent => outcome = Outcome::Undone,
            Delivery::Gone => {}
            Delivery::NotPermitted => refused.push(member.pid),
        }
    }
    if refused.is_empty() { Ok(outcome) } else { Err(UndoError::NotPermitted { pids: refused }) }
}

/// Sends SIGKILL to whoever `find` finds, until it finds nobody any more.
pub(super) fn kill_until_none(find: impl Fn(&ProcessTable) -> Vec<Member>) -> Result<Outcome, UndoError> {
    let deadline = Instant::now() + KILL_LIMIT;
    let mut outcome = Outcome::AlreadyGone;
    let mut empty_looks = 0;
    loop {
        let table = ProcessTable::read().map_err(|reason| UndoError::NoProcessTable { reason })?;
        let members = find(&table);
        if members.is_empty() {
            empty_looks += 1;
        } else {
            empty_looks = 0;
            let refused = signal_all(&members, Signal::SIGKILL);
            if Instant::now() >= deadline {
                refused?;
                return Err(UndoError::StillAlive { pids: members.iter().map(|one| one.pid).collect() });
            }
            outcome = Outcome::Undone;
        }
        if empty_looks == EMPTY_LOOKS {
            return Ok(outcome);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}
