//! What is due when, in a stated order.
//!
//! At one instant samples are asked for first, then statements end (inner ones before those around them), then
//! alarms of expectations go off, then blocks reach their end (inner ones first), and last come the passes of
//! `every`, which are never due at their block's end.

use super::scope::ScopeId;
use super::strand::StrandId;
use super::watch::WatchId;
use crate::lang::expr::SeriesId;
use crate::lang::moment::Moment;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Fewer timers than this are never tidied.
const LEAST_TIDIED: usize = 1024;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// A series wants its sample.
    Sample(SeriesId),
    /// A statement has had its time. The number tells it from an earlier wait of the same strand.
    Wake(StrandId, u64),
    /// An expectation wants to hear from the clock.
    Alarm(WatchId),
    /// A block's exact end.
    End(ScopeId),
    /// A pass of an `every`.
    Pass(u64),
}

impl Due {
    fn class(self) -> u8 {
        match self {
            Due::Sample(_) => 0,
            Due::Wake(..) => 1,
            Due::Alarm(_) => 2,
            Due::End(_) => 3,
            Due::Pass(_) => 4,
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    at: Moment,
    class: u8,
    /// Deeper first.
    depth: Reverse<u32>,
    number: u64,
    due: Due,
}

/// All that is due. What has become pointless stays until its moment and is then ignored by its owner.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    number: u64,
    /// From how many on it is worth to look for pointless ones.
    tidy_at: usize,
}

impl Timers {
    /// Adds something due at `at`, so deep in the tree of blocks.
    pub fn add(&mut self, at: Moment, depth: u32, due: Due) {
        self.number += 1;
        let entry = Entry { at, class: due.class(), depth: Reverse(depth), number: self.number, due };
        self.heap.push(Reverse(entry));
    }

    /// Forgets what has become pointless, where there may be much of it, so that the number of timers stays in
    /// proportion to what is going on.
    pub fn tidy(&mut self, wanted: impl Fn(Due) -> bool) {
        if self.heap.len() > self.tidy_at.max(LEAST_TIDIED) {
            self.heap.retain(|Reverse(entry)| wanted(entry.due));
            self.tidy_at = self.heap.len() * 2;
        }
    }

    /// When the next thing is due.
    pub fn next(&self) -> Moment {
        self.heap.peek().map_or(Moment::NEVER, |Reverse(entry)| entry.at)
    }

    /// The next thing that is due by `now`.
    pub fn take(&mut self, now: Moment) -> Option<(Moment, Due)> {
        let due = self.heap.peek().is_some_and(|Reverse(entry)| entry.at <= now);
        due.then(|| self.heap.pop()).flatten().map(|Reverse(entry)| (entry.at, entry.due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_one_instant_the_order_is_stated() {
        let mut timers = Timers::default();
        let now = Moment(5);
        timers.add(now, 1, Due::Pass(1));
        timers.add(now, 1, Due::End(ScopeId(1)));
        timers.add(now, 2, Due::End(ScopeId(2)));
        timers.add(now, 1, Due::Wake(StrandId(1), 1));
        timers.add(now, 3, Due::Wake(StrandId(2), 1));
        timers.add(now, 0, Due::Sample(SeriesId(0)));
        timers.add(Moment(4), 0, Due::Pass(9));
        let order: Vec<Due> = std::iter::from_fn(|| timers.take(now)).map(|(_, due)| due).collect();
        let expected = [
            Due::Pass(9),
            Due::Sample(SeriesId(0)),
            Due::Wake(StrandId(2), 1),
            Due::Wake(StrandId(1), 1),
            Due::End(ScopeId(2)),
            Due::End(ScopeId(1)),
            Due::Pass(1),
        ];
        assert_eq!(order, expected);
        assert_eq!(timers.next(), Moment::NEVER);
    }

    #[test]
    fn what_has_become_pointless_does_not_pile_up() {
        let mut timers = Timers::default();
        for number in 0..100_000 {
            timers.add(Moment(number), 0, Due::Pass(number));
            timers.tidy(|due| matches!(due, Due::Pass(pass) if pass % 1000 == 0));
        }
        assert!(timers.heap.len() <= 2 * LEAST_TIDIED, "{}", timers.heap.len());
    }
}
