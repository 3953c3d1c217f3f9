//! When arrivals are due: the inverse of the integral of a rate that runs along straight lines.
//!
//! Arrival number k (from 0) is due when the integral of the rate has reached k, so over [start, end) there
//! are ⌈∫rate⌉ of them. How many is computed in exact fractions; when, in floating point, which over a week is
//! off by less than a microsecond.

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedMul, CheckedSub, Zero};
use rand::Rng;
use std::time::Duration;

type Exact = Ratio<i128>;

/// A rate over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Seconds from the start and the rate there, in order of time; two at one time are a step.
    points: Vec<(Exact, Exact)>,
    /// Where the points repeat: the length of a period in seconds.
    period: Option<Exact>,
}

impl Profile {
    /// The same rate for ever.
    pub fn constant(rate: Exact) -> Profile {
        Profile { points: vec![(Exact::zero(), rate)], period: None }
    }

    /// From one rate to another over a time, then the latter.
    pub fn ramp(from: Exact, to: Exact, over: Exact) -> Profile {
        Profile { points: vec![(Exact::zero(), from), (over, to)], period: None }
    }

    /// Straight lines between points (seconds, rate), over and over.
    pub fn curve(points: Vec<(Exact, Exact)>, period: Exact) -> Profile {
        Profile { points, period: Some(period) }
    }

    /// The line number `index` (counted through all periods): its start, its length (`None`: for ever), and
    /// the rates at both ends.
    fn line(&self, index: usize) -> Line {
        let last = self.points.len() - 1;
        let Some(period) = self.period else {
            return match self.points.get(index + 1) {
                Some(next) => Line::between(self.points[index], *next, Exact::zero()),
                None => Line {
                    start: self.points[last].0,
                    length: None,
                    from: self.points[last].1,
                    to: self.points[last].1,
                },
            };
        };
        // One more line joins the last point to the end of the period, at the last level.
        let lines = last + 1;
        let offset = period * Exact::from_integer((index / lines) as i128);
        let first = self.points[index % lines];
        let next = self.points.get(index % lines + 1).copied().unwrap_or((period, first.1));
        Line::between(first, next, offset)
    }

    /// How many arrivals there are before `end` (seconds), exactly; `None` where the fractions outgrow 128 bits.
    pub fn count_before(&self, end: Exact) -> Option<u64> {
        let mut total = Exact::zero();
        for index in 0.. {
            let line = self.line(index);
            if line.start >= end {
                break;
            }
            let until_end = end.checked_sub(&line.start)?;
            let length = line.length.map_or(until_end, |length| length.min(until_end));
            total = total.checked_add(&line.integral(length)?)?;
            if line.length.is_none() {
                break;
            }
        }
        u64::try_from(total.ceil().to_integer()).ok()
    }
}

/// A stretch over which the rate is a straight line.
#[derive(Clone, Copy, Debug)]
struct Line {
    start: Exact,
    length: Option<Exact>,
    from: Exact,
    to: Exact,
}

impl Line {
    fn between(first: (Exact, Exact), second: (Exact, Exact), offset: Exact) -> Line {
        Line { start: first.0 + offset, length: Some(second.0 - first.0), from: first.1, to: second.1 }
    }

    /// The rate integrated over its first `span` seconds.
    fn integral(&self, span: Exact) -> Option<Exact> {
        let slope = match self.length {
            Some(length) if !length.is_zero() => (self.to - self.from) / length,
            _ => Exact::zero(),
        };
        let level = self.from.checked_mul(&span)?;
        let half = slope.checked_mul(&span)?.checked_mul(&span)? / Exact::from_integer(2);
        level.checked_add(&half)
    }

    /// After how many seconds of this line its integral reaches `target`.
    fn reach(&self, target: f64) -> Option<f64> {
        let (from, to) = (float(self.from), float(self.to));
        let slope = match self.length {
            Some(length) if !length.is_zero() => (to - from) / float(length),
            _ => 0.0,
        };
        if target <= 0.0 {
            return Some(0.0);
        }
        // The stable form of the root of slope/2·t² + from·t = target.
        let root = from * from + 2.0 * slope * target;
        (root >= 0.0).then(|| 2.0 * target / (from + root.sqrt())).filter(|time| time.is_finite())
    }
}

fn float(value: Exact) -> f64 {
    *value.numer() as f64 / *value.denom() as f64
}

/// The due times of arrivals, one after the other.
#[derive(Clone, Debug)]
pub struct Schedule {
    profile: Profile,
    index: usize,
    /// The integral up to the start of the present line.
    before: f64,
    /// What the integral must reach for the next arrival.
    target: f64,
    given: u64,
    /// How many there are in all, where that is known.
    limit: Option<u64>,
    end: Option<f64>,
}

impl Schedule {
    /// All arrivals from 0 to `end` (seconds; `None`: without end).
    pub fn new(profile: Profile, end: Option<Duration>) -> Schedule {
        let exact = end.map(|end| Exact::new(end.as_nanos() as i128, 1_000_000_000));
        let limit = exact.and_then(|end| profile.count_before(end));
        let end = end.map(|end| end.as_secs_f64());
        Schedule { profile, index: 0, before: 0.0, target: 0.0, given: 0, limit, end }
    }

    /// The next arrival's time since the start, the arrivals being evenly spread along the integral.
    pub fn next_even(&mut self) -> Option<Duration> {
        if self.limit.is_some_and(|limit| self.given >= limit) {
            return None;
        }
        self.target = self.given as f64;
        let due = self.locate()?;
        // The count is exact and the time is not: what rounding put past the end belongs just before it.
        let due = match (self.limit, self.end) {
            (Some(_), Some(end)) if due >= end => (end - 1e-9).max(0.0),
            (None, Some(end)) if due >= end => return None,
            _ => due,
        };
        self.given += 1;
        Some(Duration::from_secs_f64(due))
    }

    /// The next arrival's time since the start, the arrivals being a Poisson process with that rate.
    pub fn next_poisson(&mut self, random: &mut impl Rng) -> Option<Duration> {
        // The gaps of a unit-rate process are exponential: -ln(1-u).
        let share: f64 = random.random();
        self.target += -(1.0 - share).ln();
        let due = self.locate()?;
        if self.end.is_some_and(|end| due >= end) {
            return None;
        }
        self.given += 1;
        Some(Duration::from_secs_f64(due))
    }

    /// The time at which the integral reaches the target; `None` where it never does.
    fn locate(&mut self) -> Option<f64> {
        /// A rate of 0 for so many lines in a row is taken for one that stays 0.
        const IDLE_LINES: usize = 100_000;
        for _ in 0..IDLE_LINES {
            let line = self.profile.line(self.index);
            let within = line.reach(self.target - self.before);
            match (within, line.length) {
                (Some(time), None) => return Some(float(line.start) + time),
                (Some(time), Some(length)) if time <= float(length) => return Some(float(line.start) + time),
                (_, Some(length)) => {
                    self.before += line.integral(length).map_or(0.0, float);
                    self.index += 1;
                }
                (None, None) => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn exact(numerator: i128, denominator: i128) -> Exact {
        Exact::new(numerator, denominator)
    }

    fn seconds(schedule: &mut Schedule) -> Vec<f64> {
        std::iter::from_fn(|| schedule.next_even()).map(|due| due.as_secs_f64()).collect()
    }

    #[test]
    fn counts_are_the_ceiling_of_the_integral() {
        let day = exact(86_400, 1);
        let cases = [
            (Profile::constant(exact(10, 60)), exact(60, 1), 10),
            (Profile::constant(exact(1, 3)), exact(1, 1), 1),
            (Profile::constant(exact(10_000, 1)), exact(2, 1) * day, 1_728_000_000),
            (Profile::ramp(exact(40_000, 1), exact(10_000, 1), day), day, 2_160_000_000),
            (Profile::constant(Exact::zero()), day, 0),
            (
                Profile::curve(vec![(exact(0, 1), exact(0, 1)), (exact(1, 1), exact(10, 1))], exact(2, 1)),
                exact(4, 1),
                30,
            ),
        ];
        for (profile, end, count) in cases {
            assert_eq!(profile.count_before(end), Some(count), "{profile:?}");
        }
    }

    #[test]
    fn arrivals_lie_on_the_integral() {
        let mut even = Schedule::new(Profile::constant(exact(4, 1)), Some(Duration::from_secs(1)));
        assert_eq!(seconds(&mut even), [0.0, 0.25, 0.5, 0.75]);
        let ramp = Profile::ramp(exact(0, 1), exact(8, 1), exact(1, 1));
        let mut up = Schedule::new(ramp, Some(Duration::from_secs(1)));
        let times = seconds(&mut up);
        assert_eq!(times.len(), 4);
        for (k, time) in times.iter().enumerate() {
            assert!((4.0 * time * time - k as f64).abs() < 1e-6, "{times:?}");
        }
        let step = Profile::curve(
            vec![(exact(0, 1), exact(2, 1)), (exact(1, 1), exact(2, 1)), (exact(1, 1), exact(0, 1))],
            exact(2, 1),
        );
        let mut steps = Schedule::new(step, Some(Duration::from_secs(4)));
        // The third arrival is due when the integral has reached 2, which it has at the end of the first second.
        assert_eq!(seconds(&mut steps), [0.0, 0.5, 1.0, 2.5]);
    }

    #[test]
    fn a_poisson_process_has_the_rate_asked_for() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut schedule = Schedule::new(Profile::constant(exact(1_000, 1)), Some(Duration::from_secs(100)));
        let count = std::iter::from_fn(|| schedule.next_poisson(&mut random)).count() as f64;
        assert!((count - 100_000.0).abs() < 5.0 * 100_000f64.sqrt(), "{count}");
    }
}
