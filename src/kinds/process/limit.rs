//! Upper limits for a process and all it started, beyond which the kernel refuses it more (prlimit(2)).
//!
//! Only soft limits are set: they can be taken back without privileges, and they end with the processes, so that the
//! journal needs to know of those only that outlive the run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::time::Duration;

use nix::libc;

use super::grip::Held;
use crate::kinds::undo::{ChangedLimit, Member, ProcessTable, Resource, Tree, soft_limit};

/// Between two looks at what is used, and for processes that are new.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Looks for processes that were forked while others were given back what they had; each finds fewer.
const LAST_LOOKS: u32 = 8;

/// What a process may have. Nothing is said of what is not given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory that it can write to and shares with no file (`RLIMIT_DATA`), of each process.
    pub memory: Option<u64>,
    /// One more than the largest number of a descriptor (`RLIMIT_NOFILE`), of each process.
    pub files: Option<u64>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limited {
    /// The most memory that one process had, of the sort that is limited.
    pub memory: u64,
    /// The most descriptors that one process had open.
    pub files: u64,
    /// How many processes had the limit.
    pub processes: usize,
    /// How many of them had another one at the end: they have set it themselves.
    pub undone: usize,
}

impl Limits {
    fn wanted(self) -> impl Iterator<Item = (Resource, u64)> {
        let memory = self.memory.map(|memory| (Resource::Memory, memory));
        memory.into_iter().chain(self.files.map(|files| (Resource::Files, files)))
    }
}

impl Limited {
    pub(super) fn add(&mut self, other: Limited) {
        self.memory = self.memory.max(other.memory);
        self.files = self.files.max(other.files);
        self.processes += other.processes;
        self.undone += other.undone;
    }
}

/// What of the process itself is about to change.
///
/// # Errors
/// When its limits may not be read.
pub(super) fn changes(tree: &Tree, limits: Limits) -> io::Result<Vec<ChangedLimit>> {
    let change = |(resource, soft): (Resource, u64)| {
        let old = soft_limit(tree.root.pid, resource, None)?;
        Ok(ChangedLimit { resource, before: old.rlim_cur, set: soft.min(old.rlim_max) })
    };
    limits.wanted().map(change).collect()
}

/// Sets the limits of all who live.
///
/// # Errors
/// When the process itself may not be limited.
pub(super) fn begin(tree: &Tree, limits: Limits) -> io::Result<Kept> {
    let mut kept = Kept { limits, root: Vec::new(), before: BTreeMap::new() };
    let root = Member { pid: tree.root.pid, started: tree.root.started };
    kept.set(root)?;
    kept.root = kept.before.get(&root).cloned().unwrap_or_default();
    Ok(kept)
}

/// Keeps a tree within its limits until it is to let go; then they are as they were.
pub(super) fn keep(tree: &Tree, mut kept: Kept, held: &Held) -> Limited {
    let mut found = Limited::default();
    let mut seen = BTreeSet::new();
    loop {
        if let Ok(table) = ProcessTable::read() {
            for member in tree.members_of_subreaper(&table) {
                // A child has what its parent had when it was forked; one that was forked before is found here.
                let _ = kept.set(member);
                found.memory = found.memory.max(memory(member.pid));
                found.files = found.files.max(open_files(member.pid));
                seen.insert(member);
            }
        }
        if !held.wait(LOOK_EVERY) {
            break;
        }
    }
    found.processes = seen.len();
    found.undone = kept.restore(tree);
    found
}

type Old = (Resource, libc::rlimit);

/// What is limited, and what the limits were before.
pub(super) struct Kept {
    limits: Limits,
    /// What the process itself had: a child that has the new limit already was forked with it.
    root: Vec<Old>,
    before: BTreeMap<Member, Vec<Old>>,
}

impl Kept {
    fn set(&mut self, member: Member) -> io::Result<()> {
        if self.before.contains_key(&member) {
            return Ok(());
        }
        let mut before = Vec::new();
        for (resource, soft) in self.limits.wanted() {
            let mut old = soft_limit(member.pid, resource, None)?;
            let of_root = self.root.iter().find(|(of, _)| *of == resource).map(|(_, old)| old.rlim_cur);
            if old.rlim_cur == soft.min(old.rlim_max) {
                old.rlim_cur = of_root.unwrap_or(old.rlim_cur).min(old.rlim_max);
            }
            soft_limit(member.pid, resource, Some(libc::rlimit { rlim_cur: soft.min(old.rlim_max), ..old }))?;
            before.push((resource, old));
        }
        self.before.insert(member, before);
        Ok(())
    }

    /// Gives everybody who lives what they had; says how many had set another limit themselves.
    fn restore(&self, tree: &Tree) -> usize {
        let undone = self.restore_known();
        // Who was forked since the last look has the limits of its parent, and nobody had known it.
        for _ in 0..LAST_LOOKS {
            if !self.restore_unknown(tree) {
                break;
            }
        }
        undone
    }

    fn restore_unknown(&self, tree: &Tree) -> bool {
        let Ok(table) = ProcessTable::read() else { return false };
        let mut found = false;
        for member in tree.members_of_subreaper(&table) {
            if self.before.contains_key(&member) {
                continue;
            }
            for ((resource, old), (_, soft)) in self.root.iter().zip(self.limits.wanted()) {
                let Ok(now) = soft_limit(member.pid, *resource, None) else { continue };
                if now.rlim_cur == soft.min(now.rlim_max) && old.rlim_cur != now.rlim_cur {
                    let new = libc::rlimit { rlim_cur: old.rlim_cur.min(now.rlim_max), ..now };
                    found |= soft_limit(member.pid, *resource, Some(new)).is_ok();
                }
            }
        }
        found
    }

    fn restore_known(&self) -> usize {
        let mut undone = 0;
        for (member, before) in &self.before {
            if !member.identity().lives() {
                continue;
            }
            let mut changed = false;
            for ((resource, old), (_, soft)) in before.iter().zip(self.limits.wanted()) {
                match soft_limit(member.pid, *resource, None) {
                    Ok(now) if now.rlim_cur == soft.min(old.rlim_max) => {
                        // It ended just now, or its limit is what it was.
                        let new = libc::rlimit { rlim_cur: old.rlim_cur, ..now };
                        let _ = soft_limit(member.pid, *resource, Some(new));
                    }
                    Ok(_) => changed = true,
                    Err(_) => {}
                }
            }
            undone += usize::from(changed);
        }
        undone
    }
}

/// What counts against the limit of memory, proc_pid_status(5) `VmData`.
fn memory(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix("VmData:")?.trim().strip_suffix("kB"));
    value.and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok()).unwrap_or(0) << 10
}

fn open_files(pid: i32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| files.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::undo::Identity;
    use nix::sys::signal::Signal;
    use std::process::{Command, Stdio};

    #[test]
    fn a_limit_is_set_and_taken_back() {
        let mut child = Command::new("sleep").arg("100").stdin(Stdio::null()).spawn().unwrap();
        let pid = child.id() as i32;
        let tree = Tree { root: Identity::of(pid).unwrap(), leads_session: false, marker: None };
        let was = soft_limit(pid, Resource::Files, None).unwrap();
        let kept = begin(&tree, Limits { memory: None, files: Some(16) }).unwrap();
        assert_eq!(soft_limit(pid, Resource::Files, None).unwrap().rlim_cur, 16);
        assert_eq!(kept.restore(&tree), 0);
        assert_eq!(soft_limit(pid, Resource::Files, None).unwrap().rlim_cur, was.rlim_cur);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn who_is_forked_with_a_limit_is_given_what_its_parent_had() {
        let script = "while :; do sleep 100 & sleep 0.005; done";
        let mut child = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn().unwrap();
        let pid = child.id() as i32;
        let tree = Tree { root: Identity::of(pid).unwrap(), leads_session: false, marker: None };
        let was = soft_limit(pid, Resource::Files, None).unwrap().rlim_cur;
        let kept = begin(&tree, Limits { memory: None, files: Some(16) }).unwrap();
        let members = || tree.members(&ProcessTable::read().unwrap());
        let before = members().len();
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while members().len() < before + 5 {
            assert!(std::time::Instant::now() < deadline);
            std::thread::sleep(Duration::from_millis(5));
        }
        kept.restore(&tree);
        // An exited one may be among them.
        let limits = members().into_iter().filter_map(|one| soft_limit(one.pid, Resource::Files, None).ok());
        let limits: BTreeSet<u64> = limits.map(|limit| limit.rlim_cur).collect();
        // So that it forks nobody more who would not be seen.
        tree.root.signal(Signal::SIGSTOP);
        tree.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(limits, BTreeSet::from([was]));
    }
}
