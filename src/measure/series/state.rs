//! A state: true or false, held from the moment it was told until it is told otherwise.
//!
//! The newest [`RECENT`] changes are exact to the nanosecond; older ones become stretches that know for how
//! long the state was known and for how long it was true.

use crate::lang::function::Aggregate;
use std::collections::VecDeque;

use super::marks::Marks;
use super::segments::{Policy, Segment, Segments, Summary};
use crate::lang::moment::Moment;
use crate::measure::aggregate::WindowStats;
use crate::measure::window::Window;

/// Changes kept as they happened.
pub const RECENT: usize = 3600;

const POLICY: Policy = Policy { grain: 0, share: 0.025, keep: 0, budget: 96 * 1024 };

/// Changes in bounded memory.
#[derive(Debug)]
pub struct State {
    /// From when on it was what; each lasts until the next.
    changes: VecDeque<(Moment, Option<bool>)>,
    old: Segments<Held>,
    /// The end of what `old` covers.
    sealed: Moment,
    pub(super) marks: Marks,
}

/// What a stretch was, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    truth: u64,
    falsehood: u64,
    first: Option<bool>,
    last: Option<bool>,
    length: u64,
}

impl Summary for Held {
    fn absorb(&mut self, later: Held) {
        if self.length == 0 {
            *self = later;
            return;
        }
        self.truth += later.truth;
        self.falsehood += later.falsehood;
        self.first = self.first.or(later.first);
        self.last = later.last;
        self.length += later.length;
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Default for State {
    fn default() -> State {
        State {
            changes: VecDeque::new(),
            old: Segments::new(POLICY),
            sealed: Moment::START,
            marks: Marks::default(),
        }
    }
}

impl State {
    /// From `at` on it is `value`; None: it is not known. Being told the same again changes nothing.
    /// What lies before an older telling is taken to have happened then.
    pub fn set(&mut self, at: Moment, value: Option<bool>) {
        let at = self.changes.back().map_or(at, |(last, _)| at.max(*last)).max(self.sealed);
        if self.changes.back().is_some_and(|(_, held)| *held == value) {
            return;
        }
        if self.changes.back().is_some_and(|(last, _)| *last == at) {
            self.changes.pop_back();
            if self.changes.back().is_some_and(|(_, held)| *held == value) {
                return;
            }
        }
        self.changes.push_back((at, value));
        if self.changes.len() > RECENT {
            self.seal();
        }
    }

    /// Moves the oldest stretch among the old ones, divided where a mark lies in it.
    fn seal(&mut self) {
        let (Some((start, value)), Some((end, _))) =
            (self.changes.pop_front(), self.changes.front().copied())
        else {
            return;
        };
        let now = self.changes.back().map_or(end, |(at, _)| *at);
        let mut from = start;
        while from < end {
            let upto = self.marks.first_between(from, end).unwrap_or(end);
            let length = upto.0 - from.0;
            let held = Held {
                truth: if value == Some(true) { length } else { 0 },
                falsehood: if value == Some(false) { length } else { 0 },
                first: value,
                last: value,
                length,
            };
            let last = Moment(upto.0 - 1);
            self.old.push(Segment { first: from, last, summary: held }, now, &self.marks);
            from = upto;
        }
        self.sealed = end;
    }

    /// What the state was at `at`; None where it is not known.
    pub fn at(&self, at: Moment) -> Option<bool> {
        self.stats(Window::so_far(at, at)).last.map(|value| value > 0.5)
    }

    /// What the window holds: `known` seconds, the share of them that it was true as `mean`.
    pub fn stats(&self, window: Window) -> WindowStats {
        let mut held = Totals::default();
        for segment in self.old.all() {
            let (from, upto) = (segment.first.max(window.start), segment.last.0.saturating_add(1));
            let upto = upto.min(window.end.0);
            if from.0 < upto {
                let share = (upto - from.0) as f64 / segment.summary.length as f64;
                let summary = &segment.summary;
                held.add(summary.truth as f64 * share, summary.falsehood as f64 * share);
                held.ends(summary.first, summary.last);
            }
        }
        for (index, (start, value)) in self.changes.iter().enumerate() {
            let end = self.changes.get(index + 1).map_or(Moment::NEVER, |(next, _)| *next);
            let (from, upto) = ((*start).max(window.start), end.min(window.end));
            if from < upto {
                let length = (upto.0 - from.0) as f64;
                held.add(
                    if *value == Some(true) { length } else { 0.0 },
                    if *value == Some(false) { length } else { 0.0 },
                );
                held.ends(*value, *value);
            }
        }
        held.stats()
    }

    /// A function over a window, see [`crate::measure::aggregate`].
    pub fn value(&self, function: Aggregate, window: Window) -> Option<f64> {
        let stats = self.stats(window);
        match function {
            Aggregate::Latest | Aggregate::Last => stats.last,
            Aggregate::First => stats.first,
            Aggregate::Min => stats.min,
            Aggregate::Max => stats.max,
            Aggregate::Mean => stats.mean,
            _ => None,
        }
    }

    /// Memory taken, in all.
    pub fn bytes(&self) -> usize {
        size_of::<State>()
            + self.changes.capacity() * size_of::<(Moment, Option<bool>)>()
            + self.old.bytes()
            + self.marks.bytes()
    }
}

#[derive(Default)]
struct Totals {
    truth: f64,
    falsehood: f64,
    first: Option<bool>,
    last: Option<bool>,
}

impl Totals {
    fn add(&mut self, truth: f64, falsehood: f64) {
        self.truth += truth;
        self.falsehood += falsehood;
    }

    fn ends(&mut self, first: Option<bool>, last: Option<bool>) {
        self.first = self.first.or(first);
        self.last = last;
    }

    fn stats(&self) -> WindowStats {
        let known = self.truth + self.falsehood;
        let number = |value: bool| if value { 1.0 } else { 0.0 };
        let mut stats = WindowStats {
            known: known / 1e9,
            first: self.first.map(number),
            last: self.last.map(number),
            ..WindowStats::default()
        };
        if known > 0.0 {
            stats.mean = Some(self.truth / known);
            stats.min = Some(if self.falsehood > 0.0 { 0.0 } else { 1.0 });
            stats.max = Some(if self.truth > 0.0 { 1.0 } else { 0.0 });
        }
        stats
    }
}
