//! A counter: what only grows, told as readings of a total or as growth.
//!
//! A reading that is lower than the one before has begun again from 0. What is kept is the growth, at the
//! moment it was seen; the first reading of all only says where the counting starts.

use super::gauge::lives;
use super::marks::Marks;
use super::segments::{Policy, Segments, Summary};
use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::measure::aggregate::{WindowStats, per_second};
use crate::measure::slope::{self, Point};
use crate::measure::window::Window;

/// Growth within 10 ms is kept together, unless a block's edge lies between; the newest 3000 such grains
/// (50 minutes at one a second) are never joined.
const POLICY: Policy = Policy { grain: 10_000_000, share: 0.025, keep: 3000, budget: 192 * 1024 };

/// Growth in bounded memory.
#[derive(Debug)]
pub struct Counter {
    /// Since when every growth is known of, so that none means 0.
    followed_since: Option<Moment>,
    /// When the first reading was taken.
    known_since: Option<Moment>,
    /// The last reading.
    reading: Option<(Moment, f64)>,
    total: f64,
    grown: Segments<Grown>,
    pub(super) marks: Marks,
}

#[derive(Debug, Default)]
struct Grown {
    amount: f64,
    tellings: u32,
}

impl Summary for Grown {
    fn absorb(&mut self, later: Grown) {
        self.amount += later.amount;
        self.tellings = self.tellings.saturating_add(later.tellings);
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Counter {
    /// A counter that is known by readings, for example of a system's own total.
    pub fn sampled() -> Counter {
        Counter {
            followed_since: None,
            known_since: None,
            reading: None,
            total: 0.0,
            grown: Segments::new(POLICY),
            marks: Marks::default(),
        }
    }

    /// A counter whose every growth from `birth` on is told: none told is none happened.
    pub fn followed(birth: Moment) -> Counter {
        Counter { followed_since: Some(birth), known_since: Some(birth), ..Counter::sampled() }
    }

    /// A reading of the total. What is not a finite number is none.
    pub fn record(&mut self, at: Moment, reading: f64) {
        if !reading.is_finite() {
            return;
        }
        match self.reading.replace((at, reading)) {
            None if self.followed_since.is_none() => {
                self.known_since.get_or_insert(at);
            }
            before => {
                let before = before.map_or(0.0, |(_, before)| before);
                let amount = if reading < before { reading } else { reading - before };
                self.add(at, amount);
            }
        }
    }

    /// Growth that happened at `at`, which may be a little late.
    pub fn add(&mut self, at: Moment, amount: f64) {
        self.total += amount;
        self.known_since.get_or_insert(at);
        self.grown.slot(at, &self.marks).absorb(Grown { amount, tellings: 1 });
    }

    /// What is counted began anew at `restart`: the next reading counts from 0 even if it is higher than the
    /// last, unless that was taken after the restart already.
    pub(super) fn begin_anew(&mut self, restart: Moment) {
        if self.reading.is_some_and(|(at, _)| at < restart) {
            self.reading = Some((restart, 0.0));
        }
    }

    /// What the window holds.
    pub fn stats(&self, window: Window) -> WindowStats {
        let mut stats = WindowStats::default();
        for segment in self.grown.within(window) {
            stats.count += u64::from(segment.summary.tellings);
            stats.sum += segment.summary.amount;
            stats.first_at.get_or_insert(segment.first);
            stats.last_at = Some(segment.last);
        }
        let followed =
            self.followed_since.is_some_and(|since| since < window.end && window.start < window.end);
        if stats.count > 0 || followed {
            stats.increase = Some(stats.sum);
            let before: f64 = self.grown_before(stats.first_at.unwrap_or(window.end).min(window.end));
            stats.first = Some(before);
            stats.last = Some(before + stats.sum);
        }
        stats
    }

    fn grown_before(&self, moment: Moment) -> f64 {
        let all = self.grown.all();
        let upto = all.partition_point(|segment| segment.first < moment);
        all[..upto].iter().map(|segment| segment.summary.amount).sum()
    }

    /// A function over a window, see [`crate::measure::aggregate`].
    pub fn value(&self, function: Aggregate, window: Window) -> Option<f64> {
        if function == Aggregate::Growth {
            return self.growth(window);
        }
        let stats = self.stats(window);
        match function {
            Aggregate::Latest | Aggregate::Sum | Aggregate::Count | Aggregate::Delta => stats.increase,
            Aggregate::Rate => per_second(stats.increase?, window, self.known_since),
            Aggregate::First => stats.first,
            Aggregate::Last => stats.last,
            _ => None,
        }
    }

    fn growth(&self, window: Window) -> Option<f64> {
        let mut total = 0.0;
        let mut points = Vec::new();
        for segment in self.grown.all() {
            total += segment.summary.amount;
            if window.holds_middle(segment.first, segment.last) {
                let weight = f64::from(segment.summary.tellings);
                points.push(Point { seconds: segment.last.seconds(), value: total, weight });
            }
        }
        slope::theil_sen(&lives(&self.marks, points.into_iter()))
    }

    /// All it ever grew by.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Memory taken, in all.
    pub fn bytes(&self) -> usize {
        size_of::<Counter>() + self.grown.bytes() + self.marks.bytes()
    }
}
