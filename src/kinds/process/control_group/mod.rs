//! Less of a processor by the kernel's own hand: a control group that has a share of one core, for all that is in it.
//!
//! A group is made where the kernel hands out processor time and this user may: below the group that soak is in (version
//! 1, which has a hierarchy for it alone), or below the nearest one above it that hands any out (version 2, where a group
//! with processes in it hands out nothing). Members join it, and those they start are born in it. Where none can be made,
//! soak stops and continues the members itself (`throttle.rs`).

mod site;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub use site::Version;
use site::{Site, processor_site};

use super::grip::Held;
use super::options::Surroundings;
use super::throttle::{Paused, Throttled, throttle};
use super::usage::Usage;
use crate::kinds::undo::{
    Applied, JournalError, MEMBERS, OwnedControlGroup, ProcessTable, RunId, Tree, Undo,
};

/// In this time a group may use its share of it; what it has not used then is gone. The kernel's own default.
const PERIOD: Duration = Duration::from_millis(100);
/// The kernel takes no smaller part of a period than a millisecond.
const LEAST_SHARE: f64 = 0.01;
/// How often it is looked for members that are not in the group: those that were just being started.
const LOOK: Duration = Duration::from_millis(50);
/// How often members are taken in before they are left to the looks; each time only children of the time before are new.
const ROUNDS: usize = 8;

/// A group of soak's own. Dropped, it is taken away.
pub(super) struct ControlGroup {
    path: PathBuf,
    version: Version,
    /// Kept for its end.
    _applied: Applied,
}

impl ControlGroup {
    /// Makes a group for a tree that soak started, with nobody in it yet. None where no group can be had.
    ///
    /// # Errors
    /// When the journal cannot be written; then nothing was made.
    pub fn make(
        name: &str,
        tree: &Tree,
        around: &Surroundings,
    ) -> Result<Option<ControlGroup>, JournalError> {
        // What soak did not start stays in the groups that others keep it in.
        let Some(site) = tree.marker.as_ref().and_then(|_| processor_site()) else { return Ok(None) };
        let path = site.parent.join(name_of_group(&around.run, name));
        let owned = OwnedControlGroup::plan(&path, &site.home, &around.run);
        let applied = Applied::record(&around.recorder, Undo::ControlGroup(owned.clone()))?;
        let made = owned.create().and_then(|()| limit(&path, site.version, Some(1.0)));
        // Dropped, what was made of it is taken away.
        Ok(made.is_ok().then_some(ControlGroup { path, version: site.version, _applied: applied }))
    }

    /// Whether the kernel can give so small a share.
    pub fn can_give(share: f64) -> bool {
        share >= LEAST_SHARE
    }

    /// Takes in whoever of a tree is not.
    fn take_in(&self, tree: &Tree) -> io::Result<()> {
        for _ in 0..ROUNDS {
            let outside = self.outside(tree)?;
            if outside.is_empty() {
                break;
            }
            for pid in outside {
                let joined = fs::write(self.path.join(MEMBERS), pid.to_string());
                match joined {
                    // It has ended meanwhile.
                    Err(gone) if gone.raw_os_error() == Some(nix::libc::ESRCH) => {}
                    joined => joined?,
                }
            }
        }
        Ok(())
    }

    fn outside(&self, tree: &Tree) -> io::Result<Vec<i32>> {
        let table = ProcessTable::read()?;
        let inside = fs::read_to_string(self.path.join(MEMBERS))?;
        let inside: BTreeSet<i32> = inside.lines().filter_map(|line| line.trim().parse().ok()).collect();
        let members = tree.members_of_subreaper(&table).into_iter().map(|member| member.pid);
        Ok(members.filter(|pid| !inside.contains(pid)).collect())
    }

    /// Gives a tree a share of one core until it is to let go.
    pub fn keep(&self, tree: &Tree, share: f64, paused: &Paused, held: &Held) -> Throttled {
        let (before, counted, begun) = (self.count(), self.used(), Instant::now());
        let mut found = match limit(&self.path, self.version, Some(share))
            .and_then(|()| self.join(tree, share, paused))
        {
            Ok(found) => found,
            // It is kept back all the same.
            Err(_) => return throttle(tree, share, paused, held),
        };
        let mut usage = Usage::of(tree);
        usage.since_last(Instant::now());
        while held.wait(LOOK) {
            // One that cannot be taken in is told by what it uses.
            let _ = self.take_in(tree);
            found.used += usage.since_last(Instant::now());
        }
        found.used += usage.since_last(Instant::now());
        if let (Some(before), Some(now)) = (counted, self.used()) {
            found.used = found.used.max(now.saturating_sub(before));
        }
        let now = self.count();
        found.time = begun.elapsed();
        found.periods = now.periods.saturating_sub(before.periods);
        found.held_periods = now.held.saturating_sub(before.held);
        // They stay in the group: leaving it takes as long as joining it.
        let _ = limit(&self.path, self.version, None);
        found
    }

    /// Takes a tree in. To move a process takes the kernel some tens of milliseconds, for which soak keeps the tree back
    /// itself.
    fn join(&self, tree: &Tree, share: f64, paused: &Paused) -> io::Result<Throttled> {
        if self.outside(tree)?.is_empty() {
            return Ok(Throttled::default());
        }
        thread::scope(|scope| {
            let (joining, held) = Held::pair();
            let joined = scope.spawn(move || {
                let joined = self.take_in(tree);
                drop(joining);
                joined
            });
            let found = throttle(tree, share, paused, &held);
            joined.join().unwrap_or_else(|_| Err(io::Error::other("a thread broke off"))).map(|()| found)
        })
    }

    fn count(&self) -> Periods {
        let stat = fs::read_to_string(self.path.join("cpu.stat")).unwrap_or_default();
        Periods {
            periods: entry(&stat, "nr_periods").unwrap_or(0),
            held: entry(&stat, "nr_throttled").unwrap_or(0),
        }
    }

    /// The processor time that the group has used, of ended members too, where the kernel counts it here.
    fn used(&self) -> Option<Duration> {
        let stat = fs::read_to_string(self.path.join("cpu.stat")).ok()?;
        if let Some(micros) = entry(&stat, "usage_usec") {
            return Some(Duration::from_micros(micros));
        }
        let nanos = fs::read_to_string(self.path.join("cpuacct.usage")).ok()?;
        nanos.trim().parse().ok().map(Duration::from_nanos)
    }
}

/// Gives a group a share of one core, or all there is.
fn limit(group: &Path, version: Version, share: Option<f64>) -> io::Result<()> {
    let period = PERIOD.as_micros();
    let quota = share.map(|share| (share * period as f64).round());
    match version {
        Version::One => {
            let quota = quota.map_or("-1".to_owned(), |quota| quota.to_string());
            fs::write(group.join("cpu.cfs_period_us"), period.to_string())?;
            fs::write(group.join("cpu.cfs_quota_us"), quota)
        }
        Version::Two => {
            let quota = quota.map_or("max".to_owned(), |quota| quota.to_string());
            fs::write(group.join("cpu.max"), format!("{quota} {period}"))
        }
    }
}

/// In how many periods anything ran, and in how many of those the group had used up its share.
struct Periods {
    periods: u64,
    held: u64,
}

/// A number of a file with one name and number a line.
fn entry(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

/// The name of a group: no two of a run are the same, as one that is being taken away may still stand.
fn name_of_group(run: &RunId, process: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("soak-{}-{process}-{}", run.as_str(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Whether a group can be made, tried: what there is, or why not.
///
/// # Errors
/// When none can: where one would have been made, if anywhere.
pub fn try_out() -> Result<Version, Option<(PathBuf, io::Error)>> {
    let Site { parent, version, .. } = processor_site().ok_or(None)?;
    let failed = |reason| Some((parent.clone(), reason));
    let run = RunId::fresh().map_err(failed)?;
    let path = parent.join(name_of_group(&run, "doctor"));
    fs::create_dir(&path).map_err(failed)?;
    let limited = limit(&path, version, Some(0.5));
    let removed = fs::remove_dir(&path);
    limited.and(removed).map(|()| version).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_whole_names() {
        let stat = "usage_usec 12\nuser_usec 7\nnr_periods 3\nnr_throttled 2\nthrottled_usec 9\n";
        assert_eq!(entry(stat, "nr_periods"), Some(3));
        assert_eq!(entry(stat, "usage_usec"), Some(12));
        assert_eq!(entry(stat, "usage"), None);
        assert_eq!(entry("", "nr_periods"), None);
    }
}
