//! Whether the load generator itself kept up: where it did not, nothing may be concluded from its figures.

use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::lang::unit::{format_duration, number};
use crate::load::recorder::Activity;
use crate::measure::Window;
use crate::measure::series::{Counter, Distribution};
use std::time::Duration;

/// A load that dropped more than this share of what was due says nothing about latencies and errors.
const DROPPED_BUDGET: f64 = 0.001;
/// A generator that was later than this for one arrival in a hundred does not either.
const LATENESS_BUDGET: Duration = Duration::from_millis(50);

/// How well the generator kept up with one action or mix.
pub(super) struct Doubt {
    due: Counter,
    dropped: Counter,
    lateness: Distribution,
}

impl Doubt {
    pub fn new(birth: Moment) -> Doubt {
        Doubt {
            due: Counter::followed(birth),
            dropped: Counter::followed(birth),
            lateness: Distribution::followed(birth),
        }
    }

    /// Takes in what has happened.
    pub fn record(&mut self, at: Moment, activity: &Activity) {
        self.due.add(at, (activity.started + activity.dropped) as f64);
        self.dropped.add(at, activity.dropped as f64);
        for (_, nanos) in &activity.lateness {
            self.lateness.record(at, *nanos as f64 / 1e9);
        }
    }

    /// Why nothing may be concluded from a reading in a window, where that is so.
    pub fn of(&self, reading: &str, window: Window) -> Option<String> {
        if !matches!(reading, "latency" | "service_time" | "count" | "failed") {
            return None;
        }
        let due = self.due.value(Aggregate::Delta, window).unwrap_or(0.0);
        let dropped = self.dropped.value(Aggregate::Delta, window).unwrap_or(0.0);
        if due > 0.0 && dropped / due > DROPPED_BUDGET {
            let (dropped, due) = (number(dropped), number(due));
            return Some(format!("{dropped} of {due} due iterations were never sent"));
        }
        let late = self.lateness.value(Aggregate::P99, window)?;
        let late = Duration::try_from_secs_f64(late).unwrap_or_default();
        (late > LATENESS_BUDGET).then(|| {
            let late = format_duration(late);
            format!(
                "the generator was {late} late at p99: this machine is too small or too busy for the load"
            )
        })
    }
}
