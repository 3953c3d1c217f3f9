//! The functions that turn a window of a series into one number, and what each means for each shape.
//!
//! | function   | gauge | counter | distribution | state |
//! |------------|-------|---------|--------------|-------|
//! | `latest`   | last sample | what it grew by | – | held at the end (1 or 0) |
//! | `min` `max`| over samples | – | over values | over the time it was known |
//! | `mean`     | of samples | – | of values | share of the known time it was true |
//! | `sum`      | of samples | what it grew by | of values | – |
//! | `count`    | of samples | what it grew by | of values | – |
//! | `p50`…`p999` | nearest rank | – | nearest rank | – |
//! | `rate`     | `delta` per second between first and last sample | growth per second of the window | values per second of the window | – |
//! | `growth`   | Theil–Sen slope per second | of its running total | of its median | – |
//! | `delta`    | last − first | what it grew by | last − first value | – |
//! | `first` `last` | sample | running total at the edge | value, where values came one by one | held at the edge |
//! | `distinct` | –, see [`super::distinct`] | – | – | – |
//!
//! A dash is "no value": the checker refuses it before a run, and here it can never turn into a 0.
//! So is an empty window, with one exception. What is known to have been followed (lines of a log, matches
//! of an expression) and did not come is a real 0: growth of a counter, `count` and `rate` of a distribution.

use super::window::Window;
use crate::lang::moment::Moment;

/// What a window holds, as far as one pass over it tells. Everything is in the series' own unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WindowStats {
    /// Samples or values; of a counter, the samples that told of growth (or of none).
    pub count: u64,
    /// Their sum; of a counter, what it grew by.
    pub sum: f64,
    /// The smallest.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// Their mean; of a state, the share of the known time it was true.
    pub mean: Option<f64>,
    /// The first of them; of a counter, its running total at the window's start.
    pub first: Option<f64>,
    /// The last of them; of a counter, its running total at the window's end.
    pub last: Option<f64>,
    /// When the first of them was taken.
    pub first_at: Option<Moment>,
    /// When the last of them was taken.
    pub last_at: Option<Moment>,
    /// What a counter grew by.
    pub increase: Option<f64>,
    /// The seconds for which a state was known.
    pub known: f64,
}

impl WindowStats {
    /// Takes in `count` values that came after those already here.
    pub(super) fn extend(&mut self, part: &Part) {
        self.count += part.count;
        self.sum += part.sum;
        self.min = Some(self.min.map_or(part.min, |min| min.min(part.min)));
        self.max = Some(self.max.map_or(part.max, |max| max.max(part.max)));
        if self.first_at.is_none_or(|at| part.first_at < at) {
            self.first_at = Some(part.first_at);
            self.first = part.first;
        }
        if self.last_at.is_none_or(|at| part.last_at >= at) {
            self.last_at = Some(part.last_at);
            self.last = part.last;
        }
        self.mean = Some(self.sum / self.count as f64);
    }
}

/// A stretch of samples inside a window.
pub(super) struct Part {
    pub count: u64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    pub first: Option<f64>,
    pub last: Option<f64>,
    pub first_at: Moment,
    pub last_at: Moment,
}

/// `amount` per second of what of `window` came after `since`. None where no time has passed.
pub(super) fn per_second(amount: f64, window: Window, since: Option<Moment>) -> Option<f64> {
    let start = since.map_or(window.start, |since| since.max(window.start));
    let seconds = window.end.since(start).as_secs_f64();
    (seconds > 0.0).then(|| amount / seconds)
}
