//! Counts over time that may be corrected later: an item's fate is told at the moment it was sent, which
//! may be long ago when it turns out.

use crate::lang::moment::Moment;
use crate::measure::series::{Marks, Policy, Segments, Summary};
use crate::measure::window::Window;

/// Counts within 50 ms are kept together, unless a block's edge lies between.
const POLICY: Policy = Policy { grain: 50_000_000, share: 0.025, keep: 512, budget: 192 * 1024 };

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// By the moment of sending.
    Sent,
    /// Sent and received by now, by the moment of sending.
    Arrived,
    /// By the moment of receiving, as all that follow.
    Received,
    Duplicated,
    Altered,
    /// Received, and not sent by now.
    Unsent,
}

const COUNTS: usize = 6;

#[derive(Clone, Copy, Debug, Default)]
struct Counts([i64; COUNTS]);

impl Summary for Counts {
    fn absorb(&mut self, later: Counts) {
        for (mine, other) in self.0.iter_mut().zip(later.0) {
            *mine += other;
        }
    }

    fn heap_bytes(&self) -> usize {
        0
    }
}

/// All counts of a ledger.
#[derive(Debug)]
pub struct Tally {
    segments: Segments<Counts>,
    pub marks: Marks,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally { segments: Segments::new(POLICY), marks: Marks::default() }
    }
}

impl Tally {
    /// Counts one more (or takes one back) at `at`.
    pub fn add(&mut self, count: Count, at: Moment, amount: i64) {
        self.segments.slot(at, &self.marks).0[count as usize] += amount;
    }

    /// The number in a window. A window whose edges are not pinned may cut an item from its correction by
    /// a hair; such a number is never shown below 0.
    pub fn within(&self, count: Count, window: Window) -> u64 {
        let sum: i64 = self.segments.within(window).map(|segment| segment.summary.0[count as usize]).sum();
        u64::try_from(sum).unwrap_or(0)
    }

    pub fn bytes(&self) -> usize {
        self.segments.bytes() + self.marks.bytes()
    }
}
