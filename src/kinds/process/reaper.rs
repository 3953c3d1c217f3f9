//! Orphans: descendants whose parents ended come to this process, so that they are found, and must be reaped.
//!
//! Reaping everything (`waitpid(-1)`) would steal the exit statuses others wait for. So a child is reaped here only
//! where it lives in another session than soak (no child of soak itself does, unless it is claimed), nobody claimed
//! it, and it was seen ended twice.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::prctl;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpid, getsid};

use crate::kinds::undo::{Member, ProcessEntry, ProcessTable};

/// How often orphans are looked for.
pub const REAP_EVERY: Duration = Duration::from_secs(1);

/// The children somebody waits for. A fact about the whole process, as its children are.
static CLAIMED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Somebody waits for this child of soak; given up when dropped.
#[derive(Debug)]
pub struct Claim {
    pid: u32,
}

/// Keeps a child that has a session of its own from being taken for an orphan. Whoever starts one claims it.
pub fn claim(pid: u32) -> Claim {
    CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).insert(pid);
    Claim { pid }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid);
    }
}

/// Makes orphaned descendants children of this process, prctl(2) PR_SET_CHILD_SUBREAPER.
///
/// # Errors
/// What the kernel said.
pub fn adopt_orphans() -> io::Result<()> {
    prctl::set_child_subreaper(true).map_err(io::Error::from)
}

/// The orphans this process has been given, ended ones among them.
pub fn orphans(table: &ProcessTable) -> Vec<&ProcessEntry> {
    let own = getpid().as_raw();
    let Ok(session) = getsid(None) else { return Vec::new() };
    let claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
    let is_orphan = |entry: &&ProcessEntry| {
        let unclaimed = u32::try_from(entry.pid).is_ok_and(|pid| !claimed.contains(&pid));
        entry.parent == own && entry.session != session.as_raw() && unclaimed
    };
    table.iter().filter(is_orphan).collect()
}

/// Reaps the orphans that had ended at the last look already; the others are kept in `ended` for the next.
pub fn reap(ended: &mut BTreeSet<Member>) {
    let Ok(table) = ProcessTable::read() else { return };
    let now: BTreeSet<Member> =
        orphans(&table).into_iter().filter(|entry| entry.is_zombie()).map(ProcessEntry::member).collect();
    for member in now.intersection(ended) {
        // Somebody else may have reaped it: then there is nothing left to do.
        let _ = waitpid(Pid::from_raw(member.pid), Some(WaitPidFlag::WNOHANG));
    }
    *ended = now;
}
