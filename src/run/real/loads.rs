//! Loads: orders to the engine, and what its ticks say of series and ledgers.

use super::doubt::Doubt;
use super::histograms::Histograms;
use super::{Shared, account};
use crate::check::scenario::{LoadSubject, Origin, Scenario};
use crate::event::EventKind;
use crate::lang::expr::{ActionId, SeriesId};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::load::engine::Report;
use crate::load::order::{LoadOrder as EngineOrder, Plan};
use crate::load::recorder::{Activity, Tick};
use crate::run::rates;
use crate::run::world::{Answer, LoadArrival, LoadId, LoadOrder, Observation, Record, Ticket};
use std::collections::HashMap;
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot};

/// Times are recorded in nanoseconds, and told in seconds.
const NANOSECOND: f64 = 1e-9;

/// A load that has not ended.
pub(super) struct Running {
    /// From when on nothing more is due.
    until: Moment,
}

/// Begins a load.
pub(super) fn start(shared: &Rc<Shared>, ticket: Ticket, order: LoadOrder) {
    let scenario = &shared.setup.scenario;
    let plan = match plan(scenario, &order) {
        Ok(plan) => plan,
        Err(reason) => {
            shared.answer(ticket, Err(reason));
            return shared.tell(Observation::LoadEnded { load: order.load, at: shared.now() });
        }
    };
    let until = order.end.unwrap_or(Moment::NEVER);
    shared.loads.borrow_mut().insert(order.load, Running { until });
    if let Some(engine) = shared.engine.borrow().as_ref() {
        engine.begin(EngineOrder {
            id: order.load,
            subject: order.subject,
            plan,
            times: order.times,
            start: order.start,
            duration: order.end.map(|end| end.since(order.start)),
            seed: order.seed,
        });
    }
    shared.answer(ticket, Ok(Answer::Done));
}

/// Ends a load at a moment.
pub(super) fn stop(shared: &Shared, load: LoadId, at: Moment) {
    if let Some(running) = shared.loads.borrow_mut().get_mut(&load) {
        running.until = running.until.min(at);
    }
    if let Some(engine) = shared.engine.borrow().as_ref() {
        engine.end(load, at);
    }
}

/// Takes the totals and ends the engine.
pub(super) async fn finish(shared: &Rc<Shared>) {
    let engine = shared.engine.borrow_mut().take();
    if let Some(engine) = engine {
        engine.flush().await;
        let totals = engine.summaries().await;
        shared.totals.borrow_mut().extend(totals.into_iter().map(Box::new).map(EventKind::LoadSummary));
        // Ending joins a thread, which ends as soon as it next looks.
        let _ = tokio::task::spawn_blocking(move || drop(engine)).await;
        let heard = shared.heard.borrow_mut().take();
        if let Some(heard) = heard {
            // Whoever listened is gone where the run was given up.
            let _ = heard.await;
        }
    }
}

fn plan(scenario: &Scenario, order: &LoadOrder) -> Result<Plan, String> {
    Ok(match &order.arrival {
        LoadArrival::Rate { poisson, max_users, .. } => {
            let profile = rates::profile(&scenario.curves, order)?.ok_or("this load has no rate")?;
            Plan::Rate { profile, poisson: *poisson, max_users: *max_users }
        }
        LoadArrival::Users { users, to } => Plan::Users { from: *users, to: to.unwrap_or(*users) },
        LoadArrival::AtOnce { users } => Plan::AtOnce { users: *users },
        LoadArrival::Sequential => Plan::Sequential,
    })
}

/// The series that an engine's ticks feed.
#[derive(Default)]
struct Fed {
    loads: HashMap<(LoadSubject, &'static str), SeriesId>,
    captures: HashMap<(ActionId, usize), SeriesId>,
}

impl Fed {
    fn of(scenario: &Scenario) -> Fed {
        let mut fed = Fed::default();
        for (index, series) in scenario.series.iter().enumerate() {
            let id = SeriesId(index as u32);
            match series.origin {
                Origin::Load { subject, reading } => drop(fed.loads.insert((subject, reading), id)),
                Origin::Capture { action, capture } => drop(fed.captures.insert((action, capture), id)),
                _ => {}
            }
        }
        fed
    }
}

/// Takes in what the engine reports, for as long as it does.
pub(super) fn listen(shared: &Rc<Shared>, mut inbox: mpsc::UnboundedReceiver<Report>) {
    let fed = Fed::of(&shared.setup.scenario);
    let mut histograms = Histograms::new(shared.setup.histograms.clone());
    let this = Rc::clone(shared);
    let (all_heard, heard) = oneshot::channel();
    *shared.heard.borrow_mut() = Some(heard);
    shared.watch(tokio::task::spawn_local(async move {
        while let Some(report) = inbox.recv().await {
            match report {
                Report::Tick(tick) => take(&this, &fed, &tick),
                Report::Window(ended) => {
                    let name = this.setup.scenario.subject_name(ended.subject);
                    if let Err(why) = histograms.write(name, &ended, this.now()) {
                        notice(&this, why);
                    }
                }
                Report::Ended { id, at } => {
                    this.loads.borrow_mut().remove(&id);
                    this.tell(Observation::LoadEnded { load: id, at });
                }
            }
        }
        let _ = all_heard.send(());
    }));
}

/// What ends in the grace of a load belongs to its own time: the last moment before its end.
fn latest(shared: &Shared, load: LoadId) -> Moment {
    let until = shared.loads.borrow().get(&load).map_or(Moment::NEVER, |running| running.until);
    if until == Moment::NEVER { until } else { Moment(until.0.saturating_sub(1)) }
}

fn notice(shared: &Shared, text: String) {
    shared.tell(Observation::Told { at: shared.now(), event: EventKind::Noticed { line: None, text } });
}

fn take(shared: &Rc<Shared>, fed: &Fed, tick: &Tick) {
    let now = shared.now();
    let unrested = shared.efforts.borrow_mut().record(now, &tick.effort);
    if let Some(text) = unrested {
        notice(shared, text);
    }
    for (origin, activity) in &tick.activity {
        let (at, subject) = (now.min(latest(shared, origin.load)), origin.subject);
        let mut doubts = shared.doubts.borrow_mut();
        doubts.entry(subject).or_insert_with(|| Doubt::new(Moment::START)).record(at, activity);
        drop(doubts);
        feed(shared, fed, subject, activity, at);
    }
    for captured in &tick.captures {
        if let Some(series) = fed.captures.get(&(captured.action, captured.capture)) {
            let at = captured.at.min(latest(shared, captured.load));
            let record = Record::Value(captured.value.clone());
            shared.tell(Observation::Recorded { series: *series, at, record });
        }
    }
    for item in &tick.sent {
        account::sent(shared, item);
    }
}

fn feed(shared: &Shared, fed: &Fed, subject: LoadSubject, activity: &Activity, at: Moment) {
    let tell = |reading: &'static str, at: Moment, record: Record| {
        if let Some(series) = fed.loads.get(&(subject, reading)) {
            shared.tell(Observation::Recorded { series: *series, at, record });
        }
    };
    let ended = activity.succeeded + activity.failed;
    let counts = [
        ("count", ended),
        ("failed", activity.failed),
        ("dropped", activity.dropped),
        ("skipped", activity.skipped),
        ("cut", activity.cut),
        ("bytes", activity.bytes),
    ];
    for (reading, count) in counts {
        tell(reading, at, Record::Grew(count as f64));
    }
    let times = [
        ("latency", &activity.latencies),
        ("service_time", &activity.service_times),
        ("lateness", &activity.lateness),
    ];
    for (reading, values) in times {
        if fed.loads.contains_key(&(subject, reading)) && !values.is_empty() {
            let numbers = values.iter().map(|(ended, nanos)| ((*ended).min(at), *nanos as f64 * NANOSECOND));
            tell(reading, at, Record::Numbers(numbers.collect()));
        }
    }
    if activity.seq > 0 {
        tell("seq", at, Record::Value(Value::number(activity.seq as f64)));
    }
}
