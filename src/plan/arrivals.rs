//! How many iterations a load makes, and how long one takes that ends by itself.

use super::amount::Time;
use super::known::Known;
use super::told;
use super::{Count, Shape, ShapeUnit};
use crate::check::scenario::{Arrival, Load, RateArrival};
use crate::lang::expr::Expr;
use crate::lang::profile::{Exact, Profile};
use num_rational::Ratio;

/// A load at its place.
pub(super) struct Arrivals<'a> {
    load: &'a Load,
    iteration: Time,
    times: Option<Count>,
    /// At the low and at the high end of its rate.
    profiles: Option<(Profile, Profile)>,
}

impl<'a> Arrivals<'a> {
    /// `rest` is what is left of the timed block around, in nanoseconds: a ramp or a curve without a time of its own
    /// spans it.
    pub fn new(known: &Known, load: &'a Load, rest: Option<u64>) -> Arrivals<'a> {
        let profiles = match &load.arrival {
            Arrival::Rate(rate) => {
                let own = load.duration.as_ref().map(|duration| known.time(duration).least);
                profiles(known, rate, own.or(rest))
            }
            _ => None,
        };
        Arrivals {
            load,
            iteration: told::iteration(known, load.subject),
            times: load.times.as_ref().map(|times| known.count(times)),
            profiles,
        }
    }

    /// How long the statement takes; `None`: it goes on until its block ends.
    pub fn taken(&self, known: &Known) -> Option<Time> {
        if let Some(duration) = &self.load.duration {
            return Some(known.time(duration));
        }
        match (&self.load.arrival, self.times) {
            (Arrival::AtOnce { .. }, _) => Some(self.iteration),
            (Arrival::Sequential, times) => Some(self.iteration.times(times.unwrap_or(Count::UNKNOWN))),
            (_, None) => None,
            (Arrival::Rate(rate), Some(times)) => Some(self.last_due(rate, times).plus(self.iteration)),
            (Arrival::Users { users, to }, Some(times)) => {
                let users = known.count(users);
                let side_by_side = if to.is_some() { Count::UNKNOWN } else { users };
                // Nobody goes twice before everybody went once, at best; at worst one user does it all.
                let rounds = side_by_side.most.map_or(1, |users| times.least.div_ceil(users.max(1)));
                let most =
                    self.iteration.most.zip(times.most).map(|(time, times)| time.saturating_mul(times));
                Some(Time { least: self.iteration.least.saturating_mul(rounds), most })
            }
        }
    }

    /// When the last of so many is due.
    fn last_due(&self, rate: &RateArrival, times: Count) -> Time {
        let due = |profile: &Profile, number: u64| if number == 0 { Some(0) } else { profile.due(number) };
        let Some((low, high)) = &self.profiles else { return Time::up_to(None) };
        let most = times.most.and_then(|times| due(low, times)).filter(|_| !rate.poisson);
        Time { least: due(high, times.least).unwrap_or(0), most }
    }

    /// How many iterations there are in a window.
    pub fn count(&self, known: &Known, window: Time) -> Count {
        match &self.load.arrival {
            Arrival::AtOnce { users } => known.count(users),
            Arrival::Sequential => self.times.unwrap_or(Count::UNKNOWN),
            Arrival::Users { .. } => self.times.unwrap_or(Count::UNKNOWN),
            Arrival::Rate(rate) => self.open(window, rate.poisson),
        }
    }

    /// How much it asks for over a time of so many nanoseconds; `None` where nobody knows.
    pub fn shape(&self, known: &Known, window: u64) -> Option<Shape> {
        /// So finely it is told.
        const POINTS: u32 = 240;
        let span = window as f64 / 1e9;
        let evenly = |level: &dyn Fn(f64) -> f64| -> Vec<f64> {
            (0..POINTS).map(|at| level((f64::from(at) + 0.5) / f64::from(POINTS))).collect()
        };
        let users = |users: &Expr| known.count(users).most.map(|users| users as f64);
        let (unit, levels, random) = match &self.load.arrival {
            Arrival::Rate(rate) => {
                let (_, high) = self.profiles.as_ref()?;
                let levels = if rate.to.is_some() || rate.shaped.is_some() {
                    evenly(&|share| high.rate_at(share * span))
                } else {
                    vec![high.rate_at(0.0)]
                };
                (ShapeUnit::Rate, levels, rate.poisson)
            }
            Arrival::Users { users: from, to: Some(to) } => {
                let (from, to) = (users(from)?, users(to)?);
                (ShapeUnit::Users, evenly(&|share| from + (to - from) * share), false)
            }
            Arrival::Users { users: always, to: None } | Arrival::AtOnce { users: always } => {
                (ShapeUnit::Users, vec![users(always)?], false)
            }
            Arrival::Sequential => return None,
        };
        let name = known.scenario.subject_name(self.load.subject).to_string();
        Some(Shape { name, unit, levels, random })
    }

    fn open(&self, window: Time, poisson: bool) -> Count {
        // What ends at a fixed time is shorter where it began late, so that either course may be the shorter one.
        let shorter = window.most.map_or(window.least, |most| most.min(window.least));
        let longer = window.most.map(|most| most.max(window.least));
        let before = |profile: &Profile, end: u64| profile.count_before(seconds(end));
        let (least, most) = match &self.profiles {
            Some((low, high)) => {
                (before(low, shorter).unwrap_or(0), longer.and_then(|longer| before(high, longer)))
            }
            None => (0, None),
        };
        let arrivals = Count { least, most, expected: poisson };
        let Some(times) = self.times else { return arrivals };
        let most = match (arrivals.most, times.most) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let least = arrivals.least.min(times.least);
        Count { least, most, expected: poisson && most != Some(least) }
    }
}

fn seconds(nanos: u64) -> Exact {
    Ratio::new(i128::from(nanos), 1_000_000_000)
}

/// The rate over time at its low and at its high end.
fn profiles(known: &Known, rate: &RateArrival, span: Option<u64>) -> Option<(Profile, Profile)> {
    let (low, high) = known.fractions(&rate.rate)?;
    if let Some((curve, period)) = &rate.shaped {
        let period = match period {
            Some(period) => known.time(period).least,
            None => span?,
        };
        let points = &known.scenario.curves[curve.index()].points;
        let curve = |rate| Profile::shaped(points, rate, seconds(period));
        return Some((curve(low)?, curve(high)?));
    }
    let Some(to) = &rate.to else { return Some((Profile::constant(low), Profile::constant(high))) };
    let over = seconds(span?);
    let (to_low, to_high) = known.fractions(to)?;
    Some((Profile::ramp(low, to_low, over), Profile::ramp(high, to_high, over)))
}
