//! A rate that runs along straight lines, and how many arrivals it makes.
//!
//! Arrival number k (from 0) is due when the integral of the rate has reached k, so over [start, end) there
//! are ⌈∫rate⌉ of them, computed in exact fractions.

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub, Zero};

/// A fraction that loses nothing.
pub type Exact = Ratio<i128>;

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

    /// A curve whose points are shares of a period and of a rate. They were written with few digits, which the nearest
    /// simple fraction brings back. `None` where there is nothing to follow, or where it outgrows 128 bits.
    pub fn shaped(points: &[(f64, f64)], rate: Exact, period: Exact) -> Option<Profile> {
        if period <= Exact::zero() || points.is_empty() {
            return None;
        }
        let simple = |value: f64| Exact::approximate_float(value);
        let scaled = points.iter().map(|(at, level)| {
            let at = simple(*at)?.checked_mul(&period)?;
            Some((at, simple(*level)?.checked_mul(&rate)?))
        });
        Some(Profile::curve(scaled.collect::<Option<_>>()?, period))
    }

    /// The line number `index` (counted through all periods): its start, its length (`None`: for ever), and
    /// the rates at both ends.
    pub fn line(&self, index: usize) -> Line {
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
        let offset = near(
            period.checked_mul(&Exact::from_integer((index / lines) as i128)),
            float(period) * (index / lines) as f64,
        );
        let first = self.points[index % lines];
        let next = self.points.get(index % lines + 1).copied().unwrap_or((period, first.1));
        Line::between(first, next, offset)
    }

    /// The rate at a time (seconds), near enough to be shown.
    pub fn rate_at(&self, time: f64) -> f64 {
        let time = self.period.map(float).filter(|period| *period > 0.0).map_or(time, |period| time % period);
        let after = self.points.partition_point(|(at, _)| float(*at) <= time);
        let Some(index) = after.checked_sub(1) else {
            return self.points.first().map_or(0.0, |(_, rate)| float(*rate));
        };
        let line = self.line(index);
        let (from, to) = (float(line.from), float(line.to));
        match line.length.map(float) {
            Some(length) if length > 0.0 => from + (to - from) * (time - float(line.start)) / length,
            _ => from,
        }
    }

    /// How many arrivals there are before `end` (seconds), exactly; `None` where the fractions outgrow 128 bits or a
    /// period takes no time.
    pub fn count_before(&self, end: Exact) -> Option<u64> {
        let total = match self.period {
            None => self.integral_before(end)?,
            Some(period) if period > Exact::zero() => {
                let periods = Exact::from_integer(end.checked_div(&period)?.to_integer());
                let rest = end.checked_sub(&periods.checked_mul(&period)?)?;
                let whole = self.integral_before(period)?.checked_mul(&periods)?;
                whole.checked_add(&self.integral_before(rest)?)?
            }
            Some(_) => return None,
        };
        let whole = total.to_integer();
        let part = i128::from(total > Exact::from_integer(whole));
        u64::try_from(whole.checked_add(part)?).ok()
    }

    /// The integral of the rate up to `end`, line by line; of a curve, at most one period.
    fn integral_before(&self, end: Exact) -> Option<Exact> {
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
        Some(total)
    }

    /// After how many nanoseconds arrival number `number` (from 1) is due, rounded up; `None` where that is never, or
    /// later than 292 years.
    pub fn due(&self, number: u64) -> Option<u64> {
        /// Nanoseconds; half of what 64 bits hold, so that the middle of two never overflows.
        const LATEST: u64 = u64::MAX / 2;
        let nanos = |time: u64| Exact::new(i128::from(time), 1_000_000_000);
        // It is due at the last moment before which it has not come.
        let came_before = |time: u64| Some(self.count_before(nanos(time))? >= number);
        let mut high = 1;
        while !came_before(high)? {
            if high > LATEST / 2 {
                return None;
            }
            high *= 2;
        }
        let mut low = 0;
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if came_before(middle)? {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(low)
    }
}

/// A stretch over which the rate is a straight line.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Seconds since the profile's start.
    pub start: Exact,
    /// In seconds; `None`: for ever.
    pub length: Option<Exact>,
    from: Exact,
    to: Exact,
}

impl Line {
    /// The rates at its two ends, near enough to be shown.
    pub fn rates(&self) -> (f64, f64) {
        (float(self.from), float(self.to))
    }

    fn between(first: (Exact, Exact), second: (Exact, Exact), offset: Exact) -> Line {
        let start = near(first.0.checked_add(&offset), float(first.0) + float(offset));
        let length = near(second.0.checked_sub(&first.0), float(second.0) - float(first.0));
        Line { start, length: Some(length), from: first.1, to: second.1 }
    }

    /// The rate integrated over its first `span` seconds.
    pub fn integral(&self, span: Exact) -> Option<Exact> {
        let slope = match self.length {
            Some(length) if !length.is_zero() => self.to.checked_sub(&self.from)?.checked_div(&length)?,
            _ => Exact::zero(),
        };
        let level = self.from.checked_mul(&span)?;
        let square = slope.checked_mul(&span)?.checked_mul(&span)?;
        let half = square.checked_div(&Exact::from_integer(2))?;
        level.checked_add(&half)
    }

    /// After how many seconds of this line its integral reaches `target`.
    pub fn reach(&self, target: f64) -> Option<f64> {
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

/// A result, or what comes near it where its fraction outgrew 128 bits.
fn near(exact: Option<Exact>, otherwise: f64) -> Exact {
    exact.or_else(|| Exact::approximate_float(otherwise)).unwrap_or_default()
}

/// The nearest floating-point number.
pub fn float(value: Exact) -> f64 {
    *value.numer() as f64 / *value.denom() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(numerator: i128, denominator: i128) -> Exact {
        Exact::new(numerator, denominator)
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
    fn a_curve_repeated_often_is_counted_at_once() {
        let often = Profile::curve(vec![(exact(0, 1), exact(1, 1)), (exact(1, 2), exact(3, 1))], exact(1, 1));
        // A second brings 1 + 3/2: from 1/s to 3/s in its first half, 3/s back to 1/s is not drawn, it stays at 3/s.
        assert_eq!(often.count_before(exact(1, 1)), Some(3));
        assert_eq!(often.count_before(exact(1_000_000_000, 1)), Some(2_500_000_000));
        assert_eq!(
            Profile::curve(vec![(exact(0, 1), exact(1, 1))], Exact::zero()).count_before(exact(1, 1)),
            None
        );
    }

    #[test]
    fn an_arrival_is_due_when_the_integral_reaches_its_number() {
        let twenty = Profile::constant(exact(20, 1));
        assert_eq!(twenty.due(1), Some(0));
        assert_eq!(twenty.due(50), Some(2_450_000_000));
        let third = Profile::constant(exact(1, 3));
        assert_eq!(third.due(2), Some(3_000_000_000));
        let ramp = Profile::ramp(exact(0, 1), exact(2, 1), exact(1, 1));
        assert_eq!(ramp.due(2), Some(1_000_000_000));
        assert_eq!(ramp.due(3), Some(1_500_000_000));
        assert_eq!(Profile::constant(Exact::zero()).due(1), None);
    }
}
