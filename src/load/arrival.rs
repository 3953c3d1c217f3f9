//! When arrivals are due: the inverse of the integral of a [`Profile`].
//!
//! How many there are is computed in exact fractions; when, in floating point, which over a week is off by less
//! than a microsecond.

use crate::lang::profile::{Exact, Profile, float};
use rand::Rng;
use std::time::Duration;

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
