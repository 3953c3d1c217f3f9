//! The totals of a run and of its present window, as histograms of fixed size.

use super::recorder::{Iteration, Outcome, nanos};
use crate::event::{Distribution, LoadSummary, NamedRequest};
use crate::lang::moment::Moment;
use hdrhistogram::Histogram;
use indexmap::IndexMap;
use std::time::Duration;

/// How many causes of errors are told apart; the rest count as one.
const MAX_CAUSES: usize = 100;
/// The cause that stands for all beyond the first hundred.
const OTHER_CAUSES: &str = "other causes";
/// The longest time that is told from longer ones, in nanoseconds: a day.
const LONGEST: u64 = 86_400_000_000_000;
/// Digits of a value that are kept.
const DIGITS: u8 = 3;

/// Times in nanoseconds.
pub type Times = Histogram<u64>;

fn times() -> Times {
    Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("these bounds and digits are ones it accepts")
}

/// The three times of iterations.
#[derive(Clone)]
pub struct ThreeTimes {
    /// From the moment they were due.
    pub latency: Times,
    /// From the moment they were begun.
    pub service_time: Times,
    /// From the one to the other.
    pub lateness: Times,
}

impl ThreeTimes {
    /// None yet.
    pub(super) fn new() -> ThreeTimes {
        ThreeTimes { latency: times(), service_time: times(), lateness: times() }
    }

    fn record(&mut self, iteration: &Iteration) {
        self.latency.saturating_record(nanos(iteration.latency));
        self.service_time.saturating_record(nanos(iteration.service_time));
        self.lateness.saturating_record(nanos(iteration.lateness));
    }

    fn add(&mut self, other: &ThreeTimes) {
        let pairs = [
            (&mut self.latency, &other.latency),
            (&mut self.service_time, &other.service_time),
            (&mut self.lateness, &other.lateness),
        ];
        for (mine, more) in pairs {
            mine.add(more).expect("all have the same bounds");
        }
    }
}

/// The totals of one action or mix.
pub(super) struct Total {
    pub count: u64,
    pub failed: u64,
    pub dropped: u64,
    pub skipped: u64,
    pub cut: u64,
    /// Of the windows that are over.
    before: ThreeTimes,
    /// Of the present window.
    window: ThreeTimes,
    errors: IndexMap<String, u64>,
    /// Requests that have a name, by the capture that keeps how long they took.
    requests: IndexMap<usize, Times>,
    /// Loads of it that run now, and since when there has been one.
    running: u32,
    since: Moment,
    busy: Duration,
}

impl Total {
    pub fn new() -> Total {
        Total {
            count: 0,
            failed: 0,
            dropped: 0,
            skipped: 0,
            cut: 0,
            before: ThreeTimes::new(),
            window: ThreeTimes::new(),
            errors: IndexMap::new(),
            requests: IndexMap::new(),
            running: 0,
            since: Moment::START,
            busy: Duration::ZERO,
        }
    }

    pub fn ended(&mut self, iteration: &Iteration) {
        match &iteration.outcome {
            Outcome::Skipped => return self.skipped += 1,
            Outcome::Cut => return self.cut += 1,
            Outcome::Succeeded => {}
            Outcome::Failed(cause) => {
                self.failed += 1;
                self.failed_for(cause);
            }
        }
        self.count += 1;
        self.window.record(iteration);
    }

    /// A request that has a name has succeeded.
    pub fn requested(&mut self, capture: usize, took: Duration) {
        self.requests.entry(capture).or_insert_with(times).saturating_record(nanos(took));
    }

    fn failed_for(&mut self, cause: &str) {
        if let Some(count) = self.errors.get_mut(cause) {
            *count += 1;
            return;
        }
        let cause = if self.errors.len() < MAX_CAUSES { cause } else { OTHER_CAUSES };
        *self.errors.entry(cause.to_string()).or_default() += 1;
    }

    pub fn load_started(&mut self, at: Moment) {
        if self.running == 0 {
            self.since = at;
        }
        self.running += 1;
    }

    pub fn load_ended(&mut self, at: Moment) {
        self.running = self.running.saturating_sub(1);
        if self.running == 0 {
            self.busy += at.since(self.since);
        }
    }

    /// Ends the present window and begins the next one; `None` where nothing ended in it.
    pub fn end_window(&mut self) -> Option<ThreeTimes> {
        if self.window.latency.is_empty() {
            return None;
        }
        self.before.add(&self.window);
        Some(std::mem::replace(&mut self.window, ThreeTimes::new()))
    }

    /// What it came to; `capture` names the captures that keep how long requests took.
    pub fn summary(&self, now: Moment, name: String, capture: impl Fn(usize) -> String) -> LoadSummary {
        let requests = self.requests.iter().filter_map(|(place, times)| {
            let took = distribution(times)?;
            Some(NamedRequest { name: capture(*place), count: times.len(), took })
        });
        let open = if self.running > 0 { now.since(self.since) } else { Duration::ZERO };
        let busy = (self.busy + open).as_secs_f64();
        let mut times = self.before.clone();
        times.add(&self.window);
        LoadSummary {
            name,
            count: self.count,
            failed: self.failed,
            dropped: self.dropped,
            skipped: self.skipped,
            cut: self.cut,
            rate: if busy > 0.0 { self.count as f64 / busy } else { 0.0 },
            latency: distribution(&times.latency),
            service_time: distribution(&times.service_time),
            lateness: distribution(&times.lateness),
            errors: self.errors.iter().map(|(cause, count)| (cause.clone(), *count)).collect(),
            requests: requests.collect(),
        }
    }
}

/// A histogram of nanoseconds in seconds.
fn distribution(histogram: &Times) -> Option<Distribution> {
    if histogram.is_empty() {
        return None;
    }
    let at = |share: f64| histogram.value_at_quantile(share) as f64 / 1e9;
    Some(Distribution {
        min: histogram.min() as f64 / 1e9,
        mean: histogram.mean() / 1e9,
        p50: at(0.5),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max: histogram.max() as f64 / 1e9,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::expr::ActionId;

    fn iteration(milliseconds: u64) -> Iteration {
        let time = Duration::from_millis(milliseconds);
        Iteration {
            action: ActionId(0),
            outcome: Outcome::Succeeded,
            latency: time,
            service_time: time,
            lateness: Duration::ZERO,
            bytes: 0,
            ended: Moment::START,
        }
    }

    #[test]
    fn windows_hold_their_own_and_the_total_holds_all() {
        let mut total = Total::new();
        assert!(total.end_window().is_none());
        (1..=50).for_each(|time| total.ended(&iteration(time)));
        assert_eq!(total.end_window().unwrap().latency.len(), 50);
        (51..=100).for_each(|time| total.ended(&iteration(time)));
        let latency = total.summary(Moment::START, String::new(), |_| String::new()).latency.unwrap();
        assert!((latency.p50 - 0.050).abs() < 0.001 && (latency.max - 0.100).abs() < 0.001, "{latency:?}");
        let second = total.end_window().unwrap();
        assert_eq!(second.latency.len(), 50);
        assert!(second.latency.min() >= 50_000_000);
        assert!(total.end_window().is_none());
        assert_eq!(total.summary(Moment::START, String::new(), |_| String::new()).count, 100);
    }
}
