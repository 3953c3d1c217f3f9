//! Upper limits of a process that soak did not start: undone by giving it those that it had.

use std::io;

use nix::errno::Errno;
use nix::libc;
use serde::{Deserialize, Serialize};

use super::process_table::ProcessTable;
use super::tree::Tree;
use super::{Outcome, UndoError};

/// Looks for processes that still have a limit; each finds fewer.
const LOOKS: u32 = 8;

/// What a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Bytes of memory that can be written to and are no file, `RLIMIT_DATA`.
    Memory,
    /// Descriptors, `RLIMIT_NOFILE`.
    Files,
}

/// A soft limit that is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedLimit {
    pub resource: Resource,
    pub before: u64,
    pub set: u64,
}

/// A limited process under the name the scenario gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitedTree {
    pub name: String,
    pub tree: Tree,
    pub limits: Vec<ChangedLimit>,
}

impl LimitedTree {
    /// Who has set another limit since keeps that.
    pub(super) fn carry_out(&self) -> Result<Outcome, UndoError> {
        let mut outcome = Outcome::AlreadyGone;
        // Who is forked meanwhile may have the limits of its parent still.
        for _ in 0..LOOKS {
            match self.restore()? {
                Outcome::Undone => outcome = Outcome::Undone,
                Outcome::AlreadyGone => break,
            }
        }
        Ok(outcome)
    }

    fn restore(&self) -> Result<Outcome, UndoError> {
        let table = ProcessTable::read().map_err(|reason| UndoError::NoProcessTable { reason })?;
        let mut outcome = Outcome::AlreadyGone;
        let mut refused = Vec::new();
        for member in self.tree.members(&table) {
            for limit in self.limits.iter().filter(|limit| limit.before != limit.set) {
                let put_back = || {
                    let now = soft_limit(member.pid, limit.resource, None)?;
                    if now.rlim_cur != limit.set.min(now.rlim_max) || !member.identity().lives() {
                        return Ok(false);
                    }
                    let new = libc::rlimit { rlim_cur: limit.before.min(now.rlim_max), ..now };
                    soft_limit(member.pid, limit.resource, Some(new)).map(|_| true)
                };
                match put_back() {
                    Ok(true) => outcome = Outcome::Undone,
                    Ok(false) => {}
                    Err(error) if error.raw_os_error() == Some(libc::EPERM) => refused.push(member.pid),
                    // It ended just now.
                    Err(_) => {}
                }
            }
        }
        if refused.is_empty() { Ok(outcome) } else { Err(UndoError::NotPermitted { pids: refused }) }
    }

    pub(super) fn describe(&self) -> String {
        format!("the limits of `{}` (pid {})", self.name, self.tree.root.pid)
    }
}

/// Sets a limit of a process where one is given; gives what it was.
///
/// # Errors
/// When there is no such process, or it may not be limited.
pub fn soft_limit(pid: i32, resource: Resource, new: Option<libc::rlimit>) -> io::Result<libc::rlimit> {
    let resource = match resource {
        Resource::Memory => libc::RLIMIT_DATA,
        Resource::Files => libc::RLIMIT_NOFILE,
    };
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    let new = new.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: both structures outlive the call, and a null pointer stands for no new limit.
    let answer = unsafe { libc::prlimit(pid, resource, new, &raw mut old) };
    Errno::result(answer)?;
    Ok(old)
}
