//! Series: one measured quantity over a whole run, in memory that does not grow with it.
//!
//! Windows whose edges were pinned in time are exact; any other window is exact where it reaches back no
//! further than the newest samples, and off at an old edge by a small share of that edge's age.

pub mod counter;
pub mod distribution;
pub mod gauge;
pub mod marks;
mod segments;
pub mod state;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_at_length;

pub use counter::Counter;
pub use distribution::Distribution;
pub use gauge::Gauge;
pub use marks::TooManyPins;
pub use state::State;

pub(in crate::measure) use marks::Marks;
pub(in crate::measure) use segments::{Policy, Segments, Summary};

use super::aggregate::WindowStats;
use super::window::Window;
use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;

/// A series of any shape.
#[derive(Debug)]
pub enum Series {
    /// Samples of what goes up and down.
    Gauge(Gauge),
    /// What only grows.
    Counter(Counter),
    /// Many values at once.
    Distribution(Distribution),
    /// True or false for a time.
    State(State),
}

impl Series {
    /// Takes a number: a gauge's sample, a counter's reading, a distribution's value, a state that is true
    /// unless it is 0.
    pub fn record(&mut self, at: Moment, value: f64) {
        match self {
            Series::Gauge(gauge) => gauge.record(at, value),
            Series::Counter(counter) => counter.record(at, value),
            Series::Distribution(distribution) => distribution.record(at, value),
            Series::State(state) => state.set(at, Some(value != 0.0)),
        }
    }

    /// Keeps `at` as an exact edge of windows until it is unpinned. To be called when the block begins or
    /// ends: what was joined already cannot be divided.
    ///
    /// # Errors
    /// When too many moments are pinned already.
    pub fn pin(&mut self, at: Moment) -> Result<(), TooManyPins> {
        self.marks_mut().pin(at)
    }

    /// Takes back one [`Series::pin`].
    pub fn unpin(&mut self, at: Moment) {
        self.marks_mut().unpin(at);
    }

    /// The process that is measured has begun anew: `growth` forms no slope across this moment, and a counter
    /// known by readings counts from 0 again.
    pub fn mark_restart(&mut self, at: Moment) {
        self.marks_mut().restart(at);
        if let Series::Counter(counter) = self {
            counter.begin_anew(at);
        }
    }

    /// What a window holds.
    pub fn stats(&self, window: Window) -> WindowStats {
        match self {
            Series::Gauge(gauge) => gauge.stats(window),
            Series::Counter(counter) => counter.stats(window),
            Series::Distribution(distribution) => distribution.stats(window),
            Series::State(state) => state.stats(window),
        }
    }

    /// A function over a window; None is "no value" and never 0.
    pub fn value(&self, function: Aggregate, window: Window) -> Option<f64> {
        match self {
            Series::Gauge(gauge) => gauge.value(function, window),
            Series::Counter(counter) => counter.value(function, window),
            Series::Distribution(distribution) => distribution.value(function, window),
            Series::State(state) => state.value(function, window),
        }
    }

    /// Memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Series::Gauge(gauge) => gauge.bytes(),
            Series::Counter(counter) => counter.bytes(),
            Series::Distribution(distribution) => distribution.bytes(),
            Series::State(state) => state.bytes(),
        }
    }

    fn marks_mut(&mut self) -> &mut Marks {
        match self {
            Series::Gauge(gauge) => &mut gauge.marks,
            Series::Counter(counter) => &mut counter.marks,
            Series::Distribution(distribution) => &mut distribution.marks,
            Series::State(state) => &mut state.marks,
        }
    }
}
