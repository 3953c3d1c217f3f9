//! What iterations came to, collected for a moment and handed on together.
//!
//! A [`Tick`] holds what ended within a few hundredths of a second, so its lists are short however long the
//! run. The totals of the whole run are kept as histograms of fixed size.

use crate::check::scenario::LoadSubject;
use crate::event::{Distribution, LoadSummary};
use crate::lang::expr::{ActionId, LedgerId, MixId};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use hdrhistogram::Histogram;
use indexmap::IndexMap;
use std::time::Duration;

/// How many causes of errors are told apart; the rest count as one.
const MAX_CAUSES: usize = 100;
/// The longest time that is told from longer ones, in nanoseconds: a day.
const LONGEST: u64 = 86_400_000_000_000;
/// The cause that stands for all beyond the first hundred.
const OTHER_CAUSES: &str = "other causes";

/// How an iteration ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Everything was answered and every check held.
    Succeeded,
    /// A request had no answer or a check did not hold: the cause.
    Failed(String),
    /// A pool was empty or a dataset used up.
    Skipped,
    /// The grace after the load's end was over.
    Cut,
}

/// One iteration that has ended.
#[derive(Clone, Debug)]
pub struct Iteration {
    /// Which action it ran.
    pub action: ActionId,
    /// How it ended.
    pub outcome: Outcome,
    /// From the moment it was due, without its think time.
    pub latency: Duration,
    /// From the moment it was begun, without its think time.
    pub service_time: Duration,
    /// From the moment it was due to the moment it was begun.
    pub lateness: Duration,
    /// Bytes of the bodies.
    pub bytes: u64,
    /// When it ended.
    pub ended: Moment,
}

/// What happened to one action or mix since the last tick.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// Iterations begun.
    pub started: u64,
    /// Of those that ended: all went well.
    pub succeeded: u64,
    /// Of those that ended: something failed.
    pub failed: u64,
    /// Due, and not begun.
    pub dropped: u64,
    /// Ended for want of anything to draw from.
    pub skipped: u64,
    /// Cut by the end of the grace.
    pub cut: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Of those that ended, in nanoseconds, each with its end.
    pub latencies: Vec<(Moment, u64)>,
    /// Likewise.
    pub service_times: Vec<(Moment, u64)>,
    /// Of those that were begun, in nanoseconds.
    pub lateness: Vec<(Moment, u64)>,
    /// The highest `seq` so far.
    pub seq: u64,
}

/// An item that a ledger counts as sent.
#[derive(Clone, Debug, PartialEq)]
pub struct SentItem {
    /// Which ledger.
    pub ledger: LedgerId,
    /// Its key.
    pub key: String,
    /// What must arrive unchanged.
    pub value: Option<String>,
    /// When the step that sent it was begun.
    pub at: Moment,
}

/// A load, and the action or mix that it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The load's number.
    pub load: u64,
    /// What it runs.
    pub subject: LoadSubject,
}

/// A value that an iteration captured.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The load of the iteration.
    pub load: u64,
    /// The action that captures.
    pub action: ActionId,
    /// Which of its captures.
    pub capture: usize,
    /// When.
    pub at: Moment,
    /// What.
    pub value: Value,
}

/// All that happened since the last one.
#[derive(Clone, Debug, Default)]
pub struct Tick {
    /// By load, and of each by action and by mix: loads of one action may overlap, one of them in its grace.
    pub activity: IndexMap<Origin, Activity>,
    /// Captures of iterations, in order.
    pub captures: Vec<Captured>,
    /// Items sent.
    pub sent: Vec<SentItem>,
}

impl Tick {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.activity.is_empty() && self.captures.is_empty() && self.sent.is_empty()
    }
}

/// The totals of one action or mix.
struct Total {
    count: u64,
    failed: u64,
    dropped: u64,
    skipped: u64,
    cut: u64,
    latency: Histogram<u64>,
    service_time: Histogram<u64>,
    lateness: Histogram<u64>,
    errors: IndexMap<String, u64>,
    /// Loads of it that run now, and since when there has been one.
    running: u32,
    since: Moment,
    busy: Duration,
}

impl Total {
    fn new() -> Total {
        let histogram = || {
            Histogram::new_with_bounds(1, LONGEST, 3).expect("these bounds and digits are ones it accepts")
        };
        Total {
            count: 0,
            failed: 0,
            dropped: 0,
            skipped: 0,
            cut: 0,
            latency: histogram(),
            service_time: histogram(),
            lateness: histogram(),
            errors: IndexMap::new(),
            running: 0,
            since: Moment::START,
            busy: Duration::ZERO,
        }
    }

    fn failed_for(&mut self, cause: &str) {
        if let Some(count) = self.errors.get_mut(cause) {
            *count += 1;
            return;
        }
        let cause = if self.errors.len() < MAX_CAUSES { cause } else { OTHER_CAUSES };
        *self.errors.entry(cause.to_string()).or_default() += 1;
    }
}

/// Collects what happens, for the next tick and for the totals.
pub struct Recorder {
    /// How many actions there are: in the lists below they stand first, the mixes behind them.
    actions: usize,
    /// Since the last tick.
    recent: Tick,
    totals: Vec<Option<Box<Total>>>,
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Recorder {
    /// Of a scenario with so many actions and mixes.
    pub fn new(actions: usize, mixes: usize) -> Recorder {
        let subjects = actions + mixes;
        Recorder {
            actions,
            recent: Tick::default(),
            totals: std::iter::repeat_with(|| None).take(subjects).collect(),
        }
    }

    /// Where an iteration of `action` counts: with the action, and with its mix.
    fn counts(origin: Origin, action: ActionId) -> impl Iterator<Item = Origin> {
        let own = Origin { subject: LoadSubject::Action(action), ..origin };
        std::iter::once(own).chain((origin != own).then_some(origin))
    }

    fn place(&self, subject: LoadSubject) -> usize {
        match subject {
            LoadSubject::Action(action) => action.index(),
            LoadSubject::Mix(mix) => self.actions + mix.index(),
        }
    }

    fn subject(&self, place: usize) -> LoadSubject {
        match place.checked_sub(self.actions) {
            None => LoadSubject::Action(ActionId(place as u32)),
            Some(mix) => LoadSubject::Mix(MixId(mix as u32)),
        }
    }

    fn total(&mut self, subject: LoadSubject) -> &mut Total {
        let place = self.place(subject);
        self.totals[place].get_or_insert_with(|| Box::new(Total::new()))
    }

    fn activity(&mut self, origin: Origin) -> &mut Activity {
        self.recent.activity.entry(origin).or_default()
    }

    /// An iteration has begun.
    pub fn started(&mut self, origin: Origin, action: ActionId, seq: u64) {
        for origin in Recorder::counts(origin, action) {
            let activity = self.activity(origin);
            activity.started += 1;
            activity.seq = activity.seq.max(seq);
        }
    }

    /// An arrival was due and not begun.
    pub fn dropped(&mut self, origin: Origin, action: ActionId) {
        for origin in Recorder::counts(origin, action) {
            self.activity(origin).dropped += 1;
            self.total(origin.subject).dropped += 1;
        }
    }

    /// An iteration has ended.
    pub fn ended(&mut self, origin: Origin, iteration: &Iteration) {
        for origin in Recorder::counts(origin, iteration.action) {
            self.count(origin, iteration);
        }
    }

    fn count(&mut self, origin: Origin, iteration: &Iteration) {
        let place = self.place(origin.subject);
        let activity = self.recent.activity.entry(origin).or_default();
        let total = self.totals[place].get_or_insert_with(|| Box::new(Total::new()));
        activity.bytes += iteration.bytes;
        match &iteration.outcome {
            Outcome::Skipped => {
                activity.skipped += 1;
                total.skipped += 1;
                return;
            }
            Outcome::Cut => {
                activity.cut += 1;
                total.cut += 1;
                return;
            }
            Outcome::Succeeded => activity.succeeded += 1,
            Outcome::Failed(cause) => {
                activity.failed += 1;
                total.failed += 1;
                total.failed_for(cause);
            }
        }
        total.count += 1;
        let (latency, service) = (nanos(iteration.latency), nanos(iteration.service_time));
        let lateness = nanos(iteration.lateness);
        activity.latencies.push((iteration.ended, latency));
        activity.service_times.push((iteration.ended, service));
        activity.lateness.push((iteration.ended, lateness));
        total.latency.saturating_record(latency);
        total.service_time.saturating_record(service);
        total.lateness.saturating_record(lateness);
    }

    /// An iteration has captured a value.
    pub fn captured(&mut self, captured: Captured) {
        self.recent.captures.push(captured);
    }

    /// A step that a ledger follows has succeeded.
    pub fn sent(&mut self, item: SentItem) {
        self.recent.sent.push(item);
    }

    /// A load of these subjects begins.
    pub fn load_started(&mut self, subjects: &[LoadSubject], at: Moment) {
        for subject in subjects {
            let total = self.total(*subject);
            if total.running == 0 {
                total.since = at;
            }
            total.running += 1;
        }
    }

    /// A load of these subjects has ended.
    pub fn load_ended(&mut self, subjects: &[LoadSubject], at: Moment) {
        for subject in subjects {
            let total = self.total(*subject);
            total.running = total.running.saturating_sub(1);
            if total.running == 0 {
                total.busy += at.since(total.since);
            }
        }
    }

    /// What has happened since the last call.
    pub fn take_tick(&mut self) -> Tick {
        std::mem::take(&mut self.recent)
    }

    /// The totals of the run up to `now`.
    pub fn summaries(&self, now: Moment, name: impl Fn(LoadSubject) -> String) -> Vec<LoadSummary> {
        let summary = |(place, total): (usize, &Option<Box<Total>>)| {
            let total = total.as_ref()?;
            let open = if total.running > 0 { now.since(total.since) } else { Duration::ZERO };
            let busy = (total.busy + open).as_secs_f64();
            Some(LoadSummary {
                name: name(self.subject(place)),
                count: total.count,
                failed: total.failed,
                dropped: total.dropped,
                skipped: total.skipped,
                cut: total.cut,
                rate: if busy > 0.0 { total.count as f64 / busy } else { 0.0 },
                latency: distribution(&total.latency),
                service_time: distribution(&total.service_time),
                lateness: distribution(&total.lateness),
                errors: total.errors.iter().map(|(cause, count)| (cause.clone(), *count)).collect(),
            })
        };
        self.totals.iter().enumerate().filter_map(summary).collect()
    }
}

/// A histogram of nanoseconds in seconds.
fn distribution(histogram: &Histogram<u64>) -> Option<Distribution> {
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
