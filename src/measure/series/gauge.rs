//! A gauge: samples of a number that goes up and down.
//!
//! The newest [`RECENT`] samples stay as they were taken. Older ones become summaries: exact count, sum,
//! extremes and ends, a sketch for quantiles, three robust points for the slope.

use crate::lang::function::Aggregate;
use std::collections::VecDeque;

use super::marks::Marks;
use super::segments::{Policy, Segment, Segments, Summary};
use crate::lang::moment::Moment;
use crate::measure::aggregate::{Part, WindowStats};
use crate::measure::sketch::{self, Packed, Sketch};
use crate::measure::slope::{self, Point};
use crate::measure::window::Window;

/// Samples kept as they are: an hour at one a second.
pub const RECENT: usize = 3600;

/// Samples that become a summary together.
const SEALED: usize = 36;

/// Buckets of a summary's sketch: about 1 % of error for what varies by a factor of ten.
const BUCKETS: usize = 128;

/// Points of a summary that the slope is taken from.
const POINTS: usize = 3;

const POLICY: Policy = Policy { grain: 0, share: 0.025, keep: 0, budget: 128 * 1024 };

/// Samples in bounded memory.
#[derive(Debug)]
pub struct Gauge {
    recent: VecDeque<(Moment, f64)>,
    old: Segments<Summed>,
    pub(super) marks: Marks,
}

#[derive(Debug, Default)]
struct Summed {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    first: f64,
    last: f64,
    points: [Point; POINTS],
    sketch: Packed,
}

impl Summed {
    fn of(samples: &[(Moment, f64)]) -> Summed {
        let points: Vec<Point> = samples.iter().map(|&sample| point(sample)).collect();
        Summed {
            count: samples.len() as u64,
            sum: samples.iter().map(|(_, value)| value).sum(),
            min: samples.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min),
            max: samples.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max),
            first: samples.first().map_or(0.0, |(_, value)| *value),
            last: samples.last().map_or(0.0, |(_, value)| *value),
            points: press(&points),
            sketch: Sketch::of(samples.iter().map(|(_, value)| *value)).pack(),
        }
    }
}

impl Summary for Summed {
    fn absorb(&mut self, later: Summed) {
        if self.count == 0 {
            *self = later;
            return;
        }
        self.count += later.count;
        self.sum += later.sum;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.last = later.last;
        let mut points: Vec<Point> = self.points.iter().chain(&later.points).copied().collect();
        points.retain(|point| point.weight > 0.0);
        points.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        self.points = press(&points);
        let mut sketch = self.sketch.unpack();
        sketch.merge(later.sketch.unpack());
        sketch.limit(BUCKETS);
        self.sketch = sketch.pack();
    }

    fn heap_bytes(&self) -> usize {
        self.sketch.bytes()
    }
}

/// At most [`POINTS`] points; those not needed weigh nothing.
fn press(points: &[Point]) -> [Point; POINTS] {
    let mut pressed = [Point::default(); POINTS];
    let count = points.len().min(POINTS);
    for (index, slot) in pressed.iter_mut().enumerate().take(count) {
        let group = &points[index * points.len() / count..(index + 1) * points.len() / count];
        if let [only] = slope::thin(group, f64::INFINITY)[..] {
            *slot = only;
        }
    }
    pressed
}

fn point((at, value): (Moment, f64)) -> Point {
    Point { seconds: at.seconds(), value, weight: 1.0 }
}

impl Default for Gauge {
    fn default() -> Gauge {
        Gauge { recent: VecDeque::new(), old: Segments::new(POLICY), marks: Marks::default() }
    }
}

impl Gauge {
    /// Takes a sample. What is not a finite number is no sample.
    pub fn record(&mut self, at: Moment, value: f64) {
        if !value.is_finite() {
            return;
        }
        if self.recent.len() >= RECENT {
            self.seal();
        }
        let place = self.recent.iter().rposition(|(known, _)| *known <= at).map_or(0, |index| index + 1);
        if place == 0 && !self.old.all().is_empty() {
            self.old.slot(at, &self.marks).absorb(Summed::of(&[(at, value)]));
            return;
        }
        self.recent.insert(place, (at, value));
    }

    /// Turns the oldest samples into a summary, up to the next mark.
    fn seal(&mut self) {
        let Some(&(first, _)) = self.recent.front() else { return };
        let upto = self.recent[SEALED.min(self.recent.len()) - 1].0;
        let mark = self.marks.first_between(first, upto).unwrap_or(Moment::NEVER);
        let count = self.recent.iter().take(SEALED).take_while(|(at, _)| *at < mark).count();
        let samples: Vec<(Moment, f64)> = self.recent.drain(..count).collect();
        let (Some((first, _)), Some((last, _))) = (samples.first(), samples.last()) else { return };
        let segment = Segment { first: *first, last: *last, summary: Summed::of(&samples) };
        let now = self.recent.back().map_or(*last, |(at, _)| *at);
        self.old.push(segment, now, &self.marks);
    }

    fn samples(&self, window: Window) -> impl Iterator<Item = (Moment, f64)> {
        let start = self.recent.partition_point(|(at, _)| *at < window.start);
        self.recent.iter().skip(start).copied().take_while(move |(at, _)| *at < window.end)
    }

    /// What the window holds.
    pub fn stats(&self, window: Window) -> WindowStats {
        let mut stats = WindowStats::default();
        for segment in self.old.within(window) {
            let summed = &segment.summary;
            stats.extend(&Part {
                count: summed.count,
                sum: summed.sum,
                min: summed.min,
                max: summed.max,
                first: Some(summed.first),
                last: Some(summed.last),
                first_at: segment.first,
                last_at: segment.last,
            });
        }
        for (at, value) in self.samples(window) {
            stats.extend(&Part {
                count: 1,
                sum: value,
                min: value,
                max: value,
                first: Some(value),
                last: Some(value),
                first_at: at,
                last_at: at,
            });
        }
        stats
    }

    /// A function over a window, see [`crate::measure::aggregate`].
    pub fn value(&self, function: Aggregate, window: Window) -> Option<f64> {
        if let Some(share) = function.quantile() {
            return self.quantile(share, window);
        }
        if function == Aggregate::Growth {
            return self.growth(window);
        }
        let stats = self.stats(window);
        let delta = || Some(stats.last? - stats.first?);
        match function {
            Aggregate::Latest | Aggregate::Last => stats.last,
            Aggregate::First => stats.first,
            Aggregate::Min => stats.min,
            Aggregate::Max => stats.max,
            Aggregate::Mean => stats.mean,
            Aggregate::Sum => (stats.count > 0).then_some(stats.sum),
            Aggregate::Count => (stats.count > 0).then_some(stats.count as f64),
            Aggregate::Delta => delta(),
            Aggregate::Rate => {
                let seconds = stats.last_at?.since(stats.first_at?).as_secs_f64();
                (seconds > 0.0).then(|| delta().map(|delta| delta / seconds)).flatten()
            }
            _ => None,
        }
    }

    fn quantile(&self, share: f64, window: Window) -> Option<f64> {
        let mut values: Vec<(f64, u64)> = self.samples(window).map(|(_, value)| (value, 1)).collect();
        let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
        for segment in self.old.within(window) {
            values.extend(segment.summary.sketch.unpack().values());
            min = min.min(segment.summary.min);
            max = max.max(segment.summary.max);
        }
        for (_, value) in self.samples(window) {
            min = min.min(value);
            max = max.max(value);
        }
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        sketch::quantile(&values, share).map(|value| value.clamp(min, max))
    }

    fn growth(&self, window: Window) -> Option<f64> {
        let old = self.old.within(window).flat_map(|segment| segment.summary.points);
        let points = old.filter(|point| point.weight > 0.0).chain(self.samples(window).map(point));
        slope::theil_sen(&lives(&self.marks, points))
    }

    /// Memory taken, in all.
    pub fn bytes(&self) -> usize {
        size_of::<Gauge>()
            + self.recent.capacity() * size_of::<(Moment, f64)>()
            + self.old.bytes()
            + self.marks.bytes()
    }
}

/// Divides points at restarts; those from before the first that is still remembered are left out.
pub(super) fn lives(marks: &Marks, points: impl Iterator<Item = Point>) -> Vec<Vec<Point>> {
    let mut lives: Vec<Vec<Point>> = Vec::new();
    let mut current = None;
    for point in points {
        let Some(life) = marks.life(Moment((point.seconds * 1e9).round() as u64)) else { continue };
        match lives.last_mut() {
            Some(last) if current == Some(life) => last.push(point),
            _ => lives.push(vec![point]),
        }
        current = Some(life);
    }
    lives
}
