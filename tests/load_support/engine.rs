//! An engine and everything it tells, added up.

use super::scenario::Builder;
use num_rational::Ratio;
use soak::check::scenario::LoadSubject;
use soak::event::LoadSummary;
use soak::lang::expr::{ActionId, MixId};
use soak::lang::moment::{Moment, Timeline};
use soak::lang::profile::Profile;
use soak::lang::value::Value;
use soak::load::engine::{Engine, Given, Report};
use soak::load::order::{LoadOrder, Plan};
use soak::load::recorder::{Activity, SentItem, Tick};
use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// No load of a test takes longer than this.
const LONGEST: Duration = Duration::from_secs(60);

/// What the engine told, all ticks added up.
#[derive(Default)]
pub struct Seen {
    pub activity: HashMap<LoadSubject, Activity>,
    pub captures: Vec<(ActionId, usize, Moment, Value)>,
    pub sent: Vec<SentItem>,
    pub ended: HashMap<u64, Moment>,
}

impl Seen {
    pub fn of(&self, action: ActionId) -> Activity {
        self.activity.get(&LoadSubject::Action(action)).cloned().unwrap_or_default()
    }

    fn add(&mut self, tick: Tick) {
        for (origin, more) in tick.activity {
            let all = self.activity.entry(origin.subject).or_default();
            all.started += more.started;
            all.succeeded += more.succeeded;
            all.failed += more.failed;
            all.dropped += more.dropped;
            all.skipped += more.skipped;
            all.cut += more.cut;
            all.bytes += more.bytes;
            all.seq = all.seq.max(more.seq);
            all.latencies.extend(more.latencies);
            all.service_times.extend(more.service_times);
            all.lateness.extend(more.lateness);
        }
        self.captures
            .extend(tick.captures.into_iter().map(|one| (one.action, one.capture, one.at, one.value)));
        self.sent.extend(tick.sent);
    }
}

/// The value below which a share of the samples lies.
pub fn percentile(samples: &[(Moment, u64)], share: f64) -> Duration {
    let mut sorted: Vec<u64> = samples.iter().map(|(_, value)| *value).collect();
    sorted.sort_unstable();
    let last = sorted.len().checked_sub(1).expect("there are samples");
    Duration::from_nanos(sorted[((sorted.len() as f64 * share) as usize).min(last)])
}

/// An engine that runs loads of one scenario.
pub struct Run {
    pub engine: Engine,
    pub timeline: Timeline,
    pub seen: Seen,
    /// Whether single samples are kept.
    pub keep: bool,
    reports: UnboundedReceiver<Report>,
    ids: Cell<u64>,
}

impl Run {
    pub fn start(builder: Builder, seed: u64) -> Run {
        let (scenario, sources, make) = builder.build();
        let timeline = Timeline::begin();
        let (sender, reports) = mpsc::unbounded_channel();
        let scratch = String::new();
        let given =
            Given { scenario, sources, timeline, seed, scratch, secrets: Vec::new(), datasets: Vec::new() };
        let engine = Engine::start(given, make, sender).unwrap();
        Run { engine, timeline, seen: Seen::default(), keep: true, reports, ids: Cell::new(0) }
    }

    /// Waits until a load has ended, and gives the moment.
    pub async fn ended(&mut self, id: u64) -> Moment {
        let wait = async {
            loop {
                if let Some(at) = self.seen.ended.get(&id) {
                    return *at;
                }
                match self.reports.recv().await.expect("the engine runs") {
                    Report::Tick(tick) if self.keep => self.seen.add(tick),
                    Report::Tick(_) | Report::Window(_) => {}
                    Report::Ended { id, at } => drop(self.seen.ended.insert(id, at)),
                }
            }
        };
        tokio::time::timeout(LONGEST, wait).await.expect("the load ends")
    }

    /// Runs a load to its end.
    pub async fn load(&mut self, order: LoadOrder) -> Moment {
        let id = order.id;
        self.engine.begin(order);
        self.ended(id).await
    }

    pub async fn summary(&self, name: &str) -> LoadSummary {
        self.engine.summaries().await.into_iter().find(|summary| summary.name == name).unwrap()
    }

    /// The causes of errors of an action, and how often each came.
    pub async fn causes(&self, name: &str) -> Vec<(String, u64)> {
        self.summary(name).await.errors
    }

    pub fn now(&self) -> Moment {
        self.timeline.now()
    }
}

/// An open load at a constant rate.
pub fn open(rate: i128, max_users: Option<u64>) -> Plan {
    Plan::Rate { profile: Profile::constant(Ratio::from_integer(rate)), poisson: false, max_users }
}

/// An order for a subject that begins at once, with an id of its own.
pub fn order(
    run: &Run,
    subject: impl Into<Subject>,
    plan: Plan,
    times: Option<u64>,
    duration: Option<Duration>,
) -> LoadOrder {
    run.ids.set(run.ids.get() + 1);
    let Subject(subject) = subject.into();
    LoadOrder { id: run.ids.get(), subject, plan, times, start: run.now(), duration, seed: run.ids.get() }
}

/// An action or a mix.
pub struct Subject(LoadSubject);

impl From<ActionId> for Subject {
    fn from(action: ActionId) -> Subject {
        Subject(LoadSubject::Action(action))
    }
}

impl From<MixId> for Subject {
    fn from(mix: MixId) -> Subject {
        Subject(LoadSubject::Mix(mix))
    }
}
