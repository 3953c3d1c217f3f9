//! How many different values were captured in a window.
//!
//! Exact up to [`MOST_VALUES`] kept values, but for collisions of 64-bit hashes: with a million different values
//! two of them are taken for one with a probability of 3 in 100 million. Of each value only the hash
//! and the last time it was seen is kept, once for each stretch between two pinned moments; so a window
//! is exact that begins anywhere and ends at a pinned moment or in the present.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::series::{Marks, TooManyPins};
use super::window::Window;
use crate::lang::moment::Moment;

/// Values kept, over all stretches (16 bytes each and a table's slack: some 30 MB).
pub const MOST_VALUES: usize = 1 << 20;

/// Values told apart by their text.
#[derive(Debug, Default)]
pub struct Distinct {
    hasher: RandomState,
    /// Stretches in order of time, each from its start to the next one's.
    stretches: Vec<Stretch>,
    marks: Marks,
    kept: usize,
    /// From the first moment on at which a new value found no room.
    full_since: Option<Moment>,
}

#[derive(Debug, Default)]
struct Stretch {
    start: Moment,
    seen: HashMap<u64, Moment>,
}

/// An answer of [`Distinct::count`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistinctCount {
    /// Different values.
    pub count: u64,
    /// False where there was no room for every value: there were at least `count`.
    pub exact: bool,
}

impl Distinct {
    /// Takes a value, seen at `at`.
    pub fn record(&mut self, at: Moment, value: &str) {
        let hash = self.hasher.hash_one(value);
        let stretch = self.stretch(at);
        let known = self.stretches[stretch].seen.contains_key(&hash);
        if !known && self.kept >= MOST_VALUES {
            self.full_since.get_or_insert(at);
            return;
        }
        self.kept += usize::from(!known);
        let seen = self.stretches[stretch].seen.entry(hash).or_insert(at);
        *seen = (*seen).max(at);
    }

    fn stretch(&mut self, at: Moment) -> usize {
        let next = self.stretches.partition_point(|stretch| stretch.start <= at);
        if next == 0 {
            self.stretches.insert(0, Stretch { start: at, seen: HashMap::new() });
            return 0;
        }
        let newest = next == self.stretches.len();
        match self.marks.first_between(self.stretches[next - 1].start, at) {
            Some(mark) if newest => {
                self.join();
                self.stretches.push(Stretch { start: mark.max(self.last_start()), seen: HashMap::new() });
                self.stretches.len() - 1
            }
            _ => next - 1,
        }
    }

    fn last_start(&self) -> Moment {
        self.stretches.last().map_or(Moment::START, |stretch| stretch.start)
    }

    /// Joins stretches that no mark divides any more.
    fn join(&mut self) {
        let mut joined: Vec<Stretch> = Vec::with_capacity(self.stretches.len());
        for stretch in std::mem::take(&mut self.stretches) {
            match joined.last_mut() {
                Some(before) if self.marks.first_between(before.start, stretch.start).is_none() => {
                    for (hash, at) in stretch.seen {
                        let seen = before.seen.entry(hash).or_insert(at);
                        *seen = (*seen).max(at);
                    }
                }
                _ => joined.push(stretch),
            }
        }
        self.kept = joined.iter().map(|stretch| stretch.seen.len()).sum();
        self.stretches = joined;
    }

    /// How many different values the window holds; None where it holds none.
    pub fn count(&self, window: Window) -> Option<DistinctCount> {
        let mut different: HashSet<u64> = HashSet::new();
        for (index, stretch) in self.stretches.iter().enumerate() {
            let end = self.stretches.get(index + 1).map_or(Moment::NEVER, |next| next.start);
            if end <= window.start || stretch.start >= window.end {
                continue;
            }
            let inside = stretch.seen.iter().filter(|(_, at)| window.contains(**at));
            different.extend(inside.map(|(hash, _)| *hash));
        }
        let exact = self.full_since.is_none_or(|since| since >= window.end);
        (!different.is_empty()).then_some(DistinctCount { count: different.len() as u64, exact })
    }

    /// Keeps `at` as an exact edge of windows.
    ///
    /// # Errors
    /// When too many moments are pinned already.
    pub fn pin(&mut self, at: Moment) -> Result<(), TooManyPins> {
        self.marks.pin(at)
    }

    /// Takes back one [`Distinct::pin`].
    pub fn unpin(&mut self, at: Moment) {
        self.marks.unpin(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart_in_every_window_that_ends_at_a_pin_or_now() {
        let mut distinct = Distinct::default();
        assert_eq!(distinct.count(Window::so_far(Moment(0), Moment(9))), None);
        for (at, value) in [(1, "a"), (2, "b"), (3, "a")] {
            distinct.record(Moment(at), value);
        }
        distinct.pin(Moment(10)).unwrap();
        for (at, value) in [(10, "a"), (12, "c")] {
            distinct.record(Moment(at), value);
        }
        let table = [
            ((0, 10), Some(2)),
            ((3, 10), Some(1)),
            ((10, 20), Some(2)),
            ((0, 20), Some(3)),
            ((13, 20), None),
        ];
        for ((start, end), wanted) in table {
            let seen = distinct.count(Window::between(Moment(start), Moment(end)));
            assert_eq!(seen.map(|seen| seen.count), wanted, "{start}..{end}");
        }
        distinct.unpin(Moment(10));
        distinct.pin(Moment(20)).unwrap();
        distinct.record(Moment(21), "d");
        assert_eq!(distinct.stretches.len(), 2, "what nothing divides any more is kept once");
    }

    #[test]
    fn more_values_than_there_is_room_for_are_told_as_at_least() {
        let mut distinct = Distinct { kept: MOST_VALUES - 1, ..Distinct::default() };
        distinct.record(Moment(1), "a");
        distinct.record(Moment(2), "b");
        distinct.record(Moment(3), "a");
        let count = |end| distinct.count(Window::between(Moment(0), Moment(end)));
        assert_eq!(count(2), None, "the one value was seen again later");
        assert_eq!(count(9), Some(DistinctCount { count: 1, exact: false }));
    }
}
