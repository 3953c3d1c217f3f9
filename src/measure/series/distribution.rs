//! A distribution: many values at once, asked for by their quantiles, good to three significant digits.
//!
//! Every segment keeps a whole sketch. When memory gets short it is the windows' edges that become coarser,
//! never the values.

use crate::lang::function::Aggregate;
use hdrhistogram::Histogram;

use super::gauge::lives;
use super::marks::Marks;
use super::segments::{Policy, Segments, Summary};
use crate::lang::moment::Moment;
use crate::measure::aggregate::{Part, WindowStats, per_second};
use crate::measure::sketch::{self, Packed, Sketch};
use crate::measure::slope::{self, Point};
use crate::measure::window::Window;

/// What is recorded within 100 ms is kept together. A dense load takes a few kilobytes a segment.
const POLICY: Policy = Policy { grain: 100_000_000, share: 0.05, keep: 0, budget: 1024 * 1024 };

/// Values that wait to be sorted in together.
const WAITING: usize = 512;

/// Values in bounded memory.
#[derive(Debug)]
pub struct Distribution {
    followed_since: Option<Moment>,
    known_since: Option<Moment>,
    segments: Segments<Values>,
    pub(super) marks: Marks,
}

#[derive(Debug, Default)]
struct Values {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    first: Option<f64>,
    last: Option<f64>,
    waiting: Vec<f64>,
    packed: Packed,
}

impl Values {
    fn sketch(&self) -> Sketch {
        let mut sketch = self.packed.unpack();
        if !self.waiting.is_empty() {
            sketch.merge(Sketch::of(self.waiting.iter().copied()));
        }
        sketch
    }

    fn settle(&mut self) {
        if !self.waiting.is_empty() {
            self.packed = self.sketch().pack();
            self.waiting = Vec::new();
        }
    }

    fn take_in(&mut self, count: u64, sum: f64, min: f64, max: f64) {
        (self.min, self.max) =
            if self.count == 0 { (min, max) } else { (self.min.min(min), self.max.max(max)) };
        self.count += count;
        self.sum += sum;
    }
}

impl Summary for Values {
    fn absorb(&mut self, later: Values) {
        if later.count == 0 {
            return;
        }
        if self.count == 0 {
            self.first = later.first;
        }
        self.take_in(later.count, later.sum, later.min, later.max);
        self.last = later.last;
        let mut sketch = self.sketch();
        sketch.merge(later.sketch());
        self.packed = sketch.pack();
        self.waiting = Vec::new();
    }

    fn heap_bytes(&self) -> usize {
        self.packed.bytes() + self.waiting.capacity() * size_of::<f64>()
    }
}

impl Default for Distribution {
    fn default() -> Distribution {
        Distribution {
            followed_since: None,
            known_since: None,
            segments: Segments::new(POLICY),
            marks: Marks::default(),
        }
    }
}

impl Distribution {
    /// A distribution of which every value from `birth` on is told, so that none is a count of 0.
    pub fn followed(birth: Moment) -> Distribution {
        Distribution { followed_since: Some(birth), known_since: Some(birth), ..Distribution::default() }
    }

    /// Takes one value. What is not a finite number is none.
    pub fn record(&mut self, at: Moment, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.known_since.get_or_insert(at);
        let values = self.segments.slot(at, &self.marks);
        if values.count == 0 {
            values.first = Some(value);
        }
        values.last = Some(value);
        values.take_in(1, value, value, value);
        values.waiting.push(value);
        if values.waiting.len() >= WAITING {
            values.settle();
        }
    }

    /// Takes all values of a histogram, which is in `unit`s of the series' own (1e-9: nanoseconds in
    /// seconds), as having happened at `at`. Their order is not known: there is no first and last among them.
    pub fn merge(&mut self, at: Moment, histogram: &Histogram<u64>, unit: f64) {
        if histogram.is_empty() {
            return;
        }
        let picture = Sketch::of_histogram(histogram, unit);
        let sum = histogram.mean() * histogram.len() as f64 * unit;
        let low = histogram.lowest_equivalent(histogram.min());
        let (min, max) = (low as f64 * unit, histogram.max() as f64 * unit);
        self.known_since.get_or_insert(at);
        let values = self.segments.slot(at, &self.marks);
        if values.count == 0 {
            values.first = None;
        }
        values.last = None;
        values.take_in(histogram.len(), sum, min, max);
        let mut sketch = values.sketch();
        sketch.merge(picture);
        values.packed = sketch.pack();
        values.waiting = Vec::new();
    }

    /// What the window holds.
    pub fn stats(&self, window: Window) -> WindowStats {
        let mut stats = WindowStats::default();
        for segment in self.segments.within(window) {
            let values = &segment.summary;
            stats.extend(&Part {
                count: values.count,
                sum: values.sum,
                min: values.min,
                max: values.max,
                first: values.first,
                last: values.last,
                first_at: segment.first,
                last_at: segment.last,
            });
        }
        stats
    }

    /// A function over a window, see [`crate::measure::aggregate`].
    pub fn value(&self, function: Aggregate, window: Window) -> Option<f64> {
        if let Some(share) = function.quantile() {
            let [value] = self.quantiles([share], window);
            return value;
        }
        if function == Aggregate::Growth {
            return self.growth(window);
        }
        let stats = self.stats(window);
        let followed =
            self.followed_since.is_some_and(|since| since < window.end && window.start < window.end);
        let count = (stats.count > 0 || followed).then_some(stats.count as f64);
        match function {
            Aggregate::Min => stats.min,
            Aggregate::Max => stats.max,
            Aggregate::Mean => stats.mean,
            Aggregate::Sum => (stats.count > 0).then_some(stats.sum),
            Aggregate::Count => count,
            Aggregate::Rate => per_second(count?, window, self.known_since),
            Aggregate::First => stats.first,
            Aggregate::Last => stats.last,
            Aggregate::Delta => Some(stats.last? - stats.first?),
            _ => None,
        }
    }

    /// The whole distribution of a window, for a report.
    pub fn sketch(&self, window: Window) -> Sketch {
        let mut whole = Sketch::default();
        for segment in self.segments.within(window) {
            whole.merge(segment.summary.sketch());
        }
        whole
    }

    /// Several quantiles from one look: each the smallest value with at least that share of all at or below it.
    pub fn quantiles<const COUNT: usize>(
        &self,
        shares: [f64; COUNT],
        window: Window,
    ) -> [Option<f64>; COUNT] {
        let stats = self.stats(window);
        let values: Vec<(f64, u64)> = self.sketch(window).values().collect();
        shares.map(|share| Some(sketch::quantile(&values, share)?.clamp(stats.min?, stats.max?)))
    }

    /// The slope of the medians of its segments, each weighing as much as the time it covers.
    fn growth(&self, window: Window) -> Option<f64> {
        let points = self.segments.within(window).filter_map(|segment| {
            let values: Vec<(f64, u64)> = segment.summary.sketch().values().collect();
            let middle = segment.first.0 + (segment.last.0 - segment.first.0) / 2;
            let covered = segment.last.since(segment.first).as_nanos().max(u128::from(POLICY.grain));
            Some(Point {
                seconds: Moment(middle).seconds(),
                value: sketch::quantile(&values, 0.5)?,
                weight: covered as f64 / 1e9,
            })
        });
        slope::theil_sen(&lives(&self.marks, points))
    }

    /// Memory taken, in all.
    pub fn bytes(&self) -> usize {
        size_of::<Distribution>() + self.segments.bytes() + self.marks.bytes()
    }
}
