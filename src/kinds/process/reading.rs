//! What a process uses, its descendants included, from /proc.

use std::collections::HashMap;
use std::fs;
use std::time::Instant;

use nix::unistd::{SysconfVar, sysconf};
use tokio::sync::watch;

use super::state::ProcessState;
use crate::kinds::stretch::Stretch;
use crate::kinds::undo::{Identity, Marker, Member, ProcessTable, Tree};

/// What the tree of a process uses at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessReading {
    /// Processor time since an earlier sample, at least a fifth of a second, as a share of one core's; above 1 on several cores. None until
    /// there is one in each start. Descendants that came and went in between count once their parent has waited for them.
    pub cpu: Option<f64>,
    /// Bytes of memory held; what processes share counts for each.
    pub rss: u64,
    /// Open descriptors.
    pub files: u64,
    pub threads: u64,
    /// Bytes fetched from storage since sampling of this start began, proc_pid_io(5) `read_bytes`.
    pub read: u64,
    /// Bytes sent to storage since sampling of this start began, proc_pid_io(5) `write_bytes`.
    pub written: u64,
}

/// Takes readings of one process, one after the other.
pub struct Sampler {
    state: watch::Receiver<ProcessState>,
    /// Of one that soak started, which leads a session then.
    marker: Option<Marker>,
    last: Last,
}

/// What the next sample is compared with.
#[derive(Default)]
struct Last {
    root: Option<Identity>,
    ticks: Stretch<u64>,
    /// Storage traffic of each member at the sample before.
    traffic: HashMap<Member, Traffic>,
    read: u64,
    written: u64,
}

#[derive(Clone, Copy, Default)]
struct Traffic {
    read: u64,
    written: u64,
}

impl Sampler {
    pub(super) fn new(state: watch::Receiver<ProcessState>, marker: Option<Marker>) -> Sampler {
        Sampler { state, marker, last: Last::default() }
    }

    /// What the process uses now; `None` while it is down. /proc is read beside the runtime's own thread.
    pub async fn sample(&mut self) -> Option<ProcessReading> {
        let root = self.state.borrow().identity.clone()?;
        let tree = Tree { root, leads_session: self.marker.is_some(), marker: self.marker.clone() };
        let mut last = std::mem::take(&mut self.last);
        let taken = tokio::task::spawn_blocking(move || {
            let reading = last.take(&tree);
            (last, reading)
        });
        let (last, reading) = taken.await.ok()?;
        self.last = last;
        reading
    }
}

impl Last {
    fn take(&mut self, tree: &Tree) -> Option<ProcessReading> {
        let table = ProcessTable::read().ok()?;
        let now = Instant::now();
        let members = tree.members_of_subreaper(&table);
        if members.is_empty() {
            return None;
        }
        if self.root.as_ref() != Some(&tree.root) {
            *self = Last { root: Some(tree.root.clone()), ..Last::default() };
        }
        let mut reading = ProcessReading::default();
        let mut ticks = 0;
        let mut traffic = HashMap::with_capacity(members.len());
        for member in members {
            let Some(entry) = table.get(member.pid) else { continue };
            ticks += entry.ticks;
            reading.rss += entry.pages * page_size();
            reading.threads += entry.threads;
            reading.files += open_files(member.pid);
            let now = traffic_of(member.pid);
            let before = self.traffic.get(&member).copied().unwrap_or_default();
            self.read += now.read.saturating_sub(before.read);
            self.written += now.written.saturating_sub(before.written);
            traffic.insert(member, now);
        }
        let before = self.ticks.since(now, ticks);
        reading.cpu = before.map(|(at, before)| share(ticks.saturating_sub(before), now.duration_since(at)));
        (reading.read, reading.written) = (self.read, self.written);
        self.traffic = traffic;
        Some(reading)
    }
}

fn share(ticks: u64, time: std::time::Duration) -> f64 {
    if time.is_zero() { 0.0 } else { ticks as f64 / ticks_a_second() / time.as_secs_f64() }
}

/// sysconf(3) knows both on every Linux; the fallbacks are the usual values.
fn ticks_a_second() -> f64 {
    sysconf(SysconfVar::CLK_TCK).ok().flatten().map_or(100.0, |ticks| ticks as f64)
}

fn page_size() -> u64 {
    sysconf(SysconfVar::PAGE_SIZE).ok().flatten().and_then(|size| u64::try_from(size).ok()).unwrap_or(4096)
}

fn open_files(pid: i32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| files.count() as u64)
}

fn traffic_of(pid: i32) -> Traffic {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    };
    Traffic { read: value("read_bytes:"), written: value("write_bytes:") }
}
