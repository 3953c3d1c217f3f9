//! Whether the load generator itself kept up: where it did not, nothing may be concluded from its figures.

use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::lang::unit::{format_duration, number};
use crate::load::effort::Effort;
use crate::load::recorder::Activity;
use crate::measure::Window;
use crate::measure::series::{Counter, Distribution};
use std::time::Duration;

/// A load that dropped more than this share of what was due says nothing about latencies and errors.
const DROPPED_BUDGET: f64 = 0.001;
/// A generator that was later than this for one arrival in a hundred does not either.
const LATENESS_BUDGET: Duration = Duration::from_millis(50);
/// A thread that is busy for more of the time than this has nothing left: what it measures is its own pace.
const BUSY_BUDGET: f64 = 0.98;
/// A thread that another program kept from running for more of the time than this is late for that reason.
const WAITED_BUDGET: f64 = 0.05;
/// A thread without anything left for so long is worth a notice.
const WORTH_A_NOTICE: Duration = Duration::from_secs(5);

/// What the engine's thread has had of the machine, over time.
pub(super) struct Efforts {
    /// Shares of the time between two tellings.
    busy: Distribution,
    waited: Distribution,
    /// For how long it has had nothing left, and whether that was told.
    without_rest: Duration,
    told: bool,
}

impl Default for Efforts {
    fn default() -> Efforts {
        Efforts {
            busy: Distribution::followed(Moment::START),
            waited: Distribution::followed(Moment::START),
            without_rest: Duration::ZERO,
            told: false,
        }
    }
}

impl Efforts {
    /// Takes in what the thread has had lately. What is worth a notice is given back.
    pub fn record(&mut self, at: Moment, effort: &Effort) -> Option<String> {
        if effort.over.is_zero() {
            return None;
        }
        let share = |part: Duration| (part.as_secs_f64() / effort.over.as_secs_f64()).min(1.0);
        self.busy.record(at, share(effort.busy));
        self.waited.record(at, share(effort.waited));
        if share(effort.busy) < BUSY_BUDGET {
            self.without_rest = Duration::ZERO;
            return None;
        }
        self.without_rest += effort.over;
        if self.told || self.without_rest < WORTH_A_NOTICE {
            return None;
        }
        self.told = true;
        let long = format_duration(WORTH_A_NOTICE);
        Some(format!(
            "the load generator has been busy all the time for {long}: it sends as much as one processor can, not as much as the system under test could answer"
        ))
    }

    /// How busy it was half of the time, where it had nothing left then.
    fn spent(&self, window: Window) -> Option<f64> {
        self.busy.value(Aggregate::P50, window).filter(|share| *share >= BUSY_BUDGET)
    }

    /// Why it was late.
    fn reason(&self, window: Window, rate: f64) -> String {
        let rate = number(rate);
        let seen = |shares: &Distribution| shares.value(Aggregate::P90, window).unwrap_or(0.0);
        let (busy, waited) = (seen(&self.busy), seen(&self.waited));
        if waited > WAITED_BUDGET {
            let share = number((waited * 100.0).round());
            format!("other programs kept it from running for up to {share}% of the time")
        } else if busy >= BUSY_BUDGET {
            format!("the machine is too small for {rate}/s, its thread was busy all the time")
        } else {
            format!("the machine did not wake it in time for {rate}/s")
        }
    }
}

/// How well the generator kept up with one action or mix.
pub(super) struct Doubt {
    due: Counter,
    dropped: Counter,
    held_back: Counter,
    lateness: Distribution,
}

impl Doubt {
    pub fn new(birth: Moment) -> Doubt {
        Doubt {
            due: Counter::followed(birth),
            dropped: Counter::followed(birth),
            held_back: Counter::followed(birth),
            lateness: Distribution::followed(birth),
        }
    }

    /// Takes in what has happened.
    pub fn record(&mut self, at: Moment, activity: &Activity) {
        self.due.add(at, (activity.started + activity.dropped) as f64);
        self.dropped.add(at, activity.dropped as f64);
        self.held_back.add(at, activity.held_back as f64);
        for (_, nanos) in &activity.lateness {
            self.lateness.record(at, *nanos as f64 / 1e9);
        }
    }

    /// Why nothing may be concluded from a reading in a window, where that is so.
    pub fn of(&self, reading: &str, window: Window, efforts: &Efforts) -> Option<String> {
        let of_times = matches!(reading, "latency" | "service_time");
        if !of_times && !matches!(reading, "count" | "failed") {
            return None;
        }
        let grown = |counter: &Counter| counter.value(Aggregate::Delta, window).unwrap_or(0.0);
        let (due, dropped) = (grown(&self.due), grown(&self.dropped));
        let rate = due / window.length().as_secs_f64().max(1e-9);
        if due > 0.0 && dropped / due > DROPPED_BUDGET {
            let why = match grown(&self.held_back) >= dropped {
                true => "as many as may be were waiting for an answer".to_string(),
                false => efforts.reason(window, rate),
            };
            let (dropped, due) = (number(dropped), number(due));
            return Some(format!("{dropped} of {due} due iterations were never sent: {why}"));
        }
        let late = self.lateness.value(Aggregate::P99, window)?;
        let late = Duration::try_from_secs_f64(late).unwrap_or_default();
        if late > LATENESS_BUDGET {
            let (late, why) = (format_duration(late), efforts.reason(window, rate));
            return Some(format!("the generator was {late} late at p99: {why}"));
        }
        let share = efforts.spent(window).filter(|_| of_times)?;
        let share = number((share * 100.0).floor());
        Some(format!(
            "the generator was busy {share}% of the time: one processor is too little for {}/s, and its latencies are its own as much as the answers'",
            number(rate)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(50);

    fn at(tick: u32) -> Moment {
        Moment::START.after(tick * TICK)
    }

    /// A hundred ticks of a thread that was busy and kept waiting for shares of them, with 100 arrivals each.
    fn seen(busy: f64, waited: f64, late: Duration, dropped: u64) -> (Efforts, Doubt, Vec<String>) {
        let (mut efforts, mut doubt) = (Efforts::default(), Doubt::new(Moment::START));
        let mut notices = Vec::new();
        for tick in 1..=100 {
            let effort = Effort { busy: TICK.mul_f64(busy), waited: TICK.mul_f64(waited), over: TICK };
            notices.extend(efforts.record(at(tick), &effort));
            let lateness = vec![(at(tick), late.as_nanos() as u64); 100];
            doubt.record(at(tick), &Activity { started: 100, dropped, lateness, ..Activity::default() });
        }
        (efforts, doubt, notices)
    }

    fn reason(busy: f64, waited: f64, late: u64, dropped: u64, reading: &str) -> Option<String> {
        let (efforts, doubt, _) = seen(busy, waited, Duration::from_millis(late), dropped);
        doubt.of(reading, Window::so_far(Moment::START, at(100)), &efforts)
    }

    #[test]
    fn a_generator_that_keeps_up_is_not_doubted() {
        assert_eq!(reason(0.5, 0.01, 1, 0, "latency"), None);
        assert_eq!(reason(1.0, 0.0, 1, 0, "failed"), None);
        assert_eq!(reason(0.5, 0.9, 900, 100, "lateness"), None);
    }

    #[test]
    fn what_was_late_and_why_is_told() {
        let late = |busy, waited| reason(busy, waited, 80, 0, "latency").unwrap();
        for (said, expected) in [
            (late(1.0, 0.0), "late at p99: the machine is too small for 2_000/s, its thread was busy all"),
            (late(0.5, 0.4), "late at p99: other programs kept it from running for up to 40% of the time"),
            (late(0.2, 0.0), "late at p99: the machine did not wake it in time for 2_000/s"),
            (
                reason(1.0, 0.0, 1, 0, "latency").unwrap(),
                "busy 100% of the time: one processor is too little",
            ),
            (
                reason(0.2, 0.0, 1, 1, "failed").unwrap(),
                "100 of 10_100 due iterations were never sent: the machine",
            ),
        ] {
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn a_thread_without_rest_is_noticed_once() {
        assert_eq!(seen(1.0, 0.0, Duration::ZERO, 0).2.len(), 1);
        assert_eq!(seen(0.9, 0.0, Duration::ZERO, 0).2.len(), 0);
    }

    #[test]
    fn what_the_user_limit_held_back_is_told_as_such() {
        let (efforts, mut doubt, _) = seen(0.2, 0.0, Duration::ZERO, 0);
        let held = Activity { dropped: 500, held_back: 500, ..Activity::default() };
        doubt.record(at(100), &held);
        let said = doubt.of("count", Window::so_far(Moment::START, at(100)), &efforts).unwrap();
        assert!(said.ends_with("as many as may be were waiting for an answer"), "{said}");
    }
}
