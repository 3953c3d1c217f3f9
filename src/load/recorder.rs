//! What iterations came to, collected for a moment and handed on together.
//!
//! A [`Tick`] holds what ended within a few hundredths of a second, so its lists are short however long the
//! run. The totals of the whole run are kept as histograms of fixed size.

use super::effort::Effort;
use super::kept::{ThreeTimes, Total};
use crate::check::scenario::LoadSubject;
use crate::event::LoadSummary;
use crate::lang::expr::{ActionId, LedgerId, MixId};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use indexmap::IndexMap;
use std::time::Duration;

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
    /// Of those: as many as may be were in flight.
    pub held_back: u64,
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
    /// What the engine's thread has had of the machine.
    pub effort: Effort,
}

/// A window that is over: what ended in it, of one action or mix.
pub struct Ended {
    /// Whose.
    pub subject: LoadSubject,
    /// When it began.
    pub from: Moment,
    /// When it ended.
    pub until: Moment,
    /// How long everything took.
    pub times: Box<ThreeTimes>,
}

impl Tick {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.activity.is_empty() && self.captures.is_empty() && self.sent.is_empty()
    }
}

/// Collects what happens, for the next tick and for the totals.
pub struct Recorder {
    /// How many actions there are: in the lists below they stand first, the mixes behind them.
    actions: usize,
    /// Since the last tick.
    recent: Tick,
    /// Where in it the last activity stands, which is mostly that of the next one too.
    latest: usize,
    totals: Vec<Option<Box<Total>>>,
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Recorder {
    /// Of a scenario with so many actions and mixes.
    pub fn new(actions: usize, mixes: usize) -> Recorder {
        let subjects = actions + mixes;
        Recorder {
            actions,
            recent: Tick::default(),
            latest: 0,
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
        let known = self.recent.activity.get_index(self.latest);
        if known.is_none_or(|(known, _)| *known != origin) {
            let entry = self.recent.activity.entry(origin);
            self.latest = entry.index();
            entry.or_default();
        }
        &mut self.recent.activity[self.latest]
    }

    /// An iteration has begun.
    pub fn started(&mut self, origin: Origin, action: ActionId, seq: u64) {
        for origin in Recorder::counts(origin, action) {
            let activity = self.activity(origin);
            activity.started += 1;
            activity.seq = activity.seq.max(seq);
        }
    }

    /// An arrival was due and not begun: because as many as may be were in flight, or because it was too late.
    pub fn dropped(&mut self, origin: Origin, action: ActionId, held_back: bool) {
        for origin in Recorder::counts(origin, action) {
            let activity = self.activity(origin);
            activity.dropped += 1;
            activity.held_back += u64::from(held_back);
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
        self.total(origin.subject).ended(iteration);
        let activity = self.activity(origin);
        activity.bytes += iteration.bytes;
        match &iteration.outcome {
            Outcome::Skipped => return activity.skipped += 1,
            Outcome::Cut => return activity.cut += 1,
            Outcome::Succeeded => activity.succeeded += 1,
            Outcome::Failed(_) => activity.failed += 1,
        }
        activity.latencies.push((iteration.ended, nanos(iteration.latency)));
        activity.service_times.push((iteration.ended, nanos(iteration.service_time)));
        activity.lateness.push((iteration.ended, nanos(iteration.lateness)));
    }

    /// A request of an action that has a name has succeeded; the capture keeps how long it took.
    pub fn requested(&mut self, action: ActionId, capture: usize, took: Duration) {
        self.total(LoadSubject::Action(action)).requested(capture, took);
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
            self.total(*subject).load_started(at);
        }
    }

    /// A load of these subjects has ended.
    pub fn load_ended(&mut self, subjects: &[LoadSubject], at: Moment) {
        for subject in subjects {
            self.total(*subject).load_ended(at);
        }
    }

    /// What has happened since the last call.
    pub fn take_tick(&mut self) -> Tick {
        self.latest = 0;
        std::mem::take(&mut self.recent)
    }

    /// How many actions and mixes there are.
    pub fn subjects(&self) -> usize {
        self.totals.len()
    }

    /// Ends the present window of one of them and begins its next one.
    pub fn end_window(&mut self, place: usize, from: Moment, until: Moment) -> Option<Ended> {
        let times = Box::new(self.totals[place].as_mut()?.end_window()?);
        Some(Ended { subject: self.subject(place), from, until, times })
    }

    /// The totals of the run up to `now`; `name` and `capture` tell what subjects and captures are called.
    pub fn summaries(
        &self,
        now: Moment,
        name: impl Fn(LoadSubject) -> String,
        capture: impl Fn(LoadSubject, usize) -> String,
    ) -> Vec<LoadSummary> {
        let totals = self.totals.iter().enumerate();
        let summary = |(place, total): (usize, &Option<Box<Total>>)| {
            let subject = self.subject(place);
            Some(total.as_ref()?.summary(now, name(subject), |index| capture(subject, index)))
        };
        totals.filter_map(summary).collect()
    }
}
