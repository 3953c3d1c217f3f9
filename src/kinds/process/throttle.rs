//! Less of a processor for a process and all it started: stopped and continued in turns, by what the kernel counts.
//!
//! The tree has an account of processor time. It fills by the share that is granted, to one period's worth at most, and
//! what the tree uses is taken from it; while it is overdrawn, the tree is stopped. So a program with many threads is
//! stopped longer than one with one, and one that needs less than its share never. This is for where the kernel's own
//! groups cannot be had (`control_group/`), and for what soak did not start.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::grip::Held;
use super::usage::Usage;
use crate::kinds::undo::Tree;

/// A turn of running and being stopped, as long as its processor time is not overdrawn by several threads at once.
const PERIOD: Duration = Duration::from_millis(100);
/// The longest stretch between two looks at what was used.
const LONGEST_LOOK: Duration = Duration::from_millis(10);
/// The shortest: below it looking would be the load.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Throttled {
    /// Processor time that the tree used, over all cores.
    pub used: Duration,
    /// For how long it was throttled.
    pub time: Duration,
    /// For how long of that soak had it stopped.
    pub stopped: Duration,
    /// Where the kernel kept it back: periods in which it ran, and those in which it had used up its share.
    pub periods: u64,
    pub held_periods: u64,
}

impl Throttled {
    /// What was used as a share of one core's.
    pub fn share(self) -> f64 {
        if self.time.is_zero() { 0.0 } else { self.used.as_secs_f64() / self.time.as_secs_f64() }
    }

    pub(super) fn add(&mut self, other: Throttled) {
        self.used += other.used;
        self.time += other.time;
        self.stopped += other.stopped;
        self.periods += other.periods;
        self.held_periods += other.held_periods;
    }

    /// Whether it was ever kept from running.
    pub fn was_held(self) -> bool {
        !self.stopped.is_zero() || self.held_periods > 0
    }
}

/// Whether a tree is to stay stopped by somebody else's order: held while signals are sent, so that two never cross.
pub(super) type Paused = Arc<Mutex<bool>>;

/// Throttles a tree until it is to let go; nobody of it is left stopped then, but by a pause. The journal has to know of
/// it before.
pub(super) fn throttle(tree: &Tree, share: f64, paused: &Paused, held: &Held) -> Throttled {
    let mut turns = Turns { usage: Usage::of(tree), paused, stopped: false };
    let look = PERIOD.mul_f64(share.clamp(0.0, 1.0)).clamp(SHORTEST_LOOK, LONGEST_LOOK);
    let most = share * PERIOD.as_secs_f64();
    let (mut account, mut found, mut last) = (0.0, Throttled::default(), Instant::now());
    let mut wait = Duration::ZERO;
    while held.wait(wait) {
        let now = Instant::now();
        let passed = now.duration_since(last);
        last = now;
        let was_stopped = turns.stopped;
        let used = turns.usage.since_last(now);
        found.add(Throttled {
            used,
            time: passed,
            stopped: if was_stopped { passed } else { Duration::ZERO },
            ..Throttled::default()
        });
        account = (account + share * passed.as_secs_f64() - used.as_secs_f64()).min(most);
        if account < 0.0 {
            turns.stop();
        } else if turns.stopped {
            turns.go_on();
        }
        // A long stop is looked at in between: whoever was forked meanwhile has to be stopped too.
        let owed =
            if share > 0.0 { Duration::from_secs_f64((-account / share).clamp(0.0, 1.0)) } else { PERIOD };
        wait = if turns.stopped { owed.clamp(SHORTEST_LOOK, PERIOD) } else { look };
    }
    turns.go_on();
    found
}

struct Turns<'a> {
    usage: Usage<'a>,
    paused: &'a Paused,
    stopped: bool,
}

impl Turns<'_> {
    fn stop(&mut self) {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        // Again also where it is stopped: somebody else may have continued it, or it may have forked.
        self.usage.members.iter().for_each(|member| _ = member.signal(Signal::SIGSTOP));
        drop(paused);
        self.stopped = true;
    }

    fn go_on(&mut self) {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        if !*paused {
            self.usage.members.iter().for_each(|member| _ = member.signal(Signal::SIGCONT));
        }
        drop(paused);
        self.stopped = false;
    }
}

impl Drop for Turns<'_> {
    fn drop(&mut self) {
        if self.stopped {
            self.go_on();
        }
    }
}
