//! Loads that send nothing: when they end, how what they ask for changes, and how many iterations that comes to.

use super::Pretend;
use crate::event::EventKind;
use crate::lang::moment::Moment;
use crate::lang::profile::{Exact, Profile, float};
use crate::run::LOAD_GRACE;
use crate::run::rates;
use crate::run::world::{Answer, LoadArrival, LoadId, LoadOrder, Observation, RateChange, Ticket};
use num_traits::Zero;
use std::time::Duration;

/// So many changes of one load are told. A curve that repeats every second for a week has millions.
pub const MAX_CHANGES: u32 = 1_000;

/// A load that has not ended.
pub(super) struct Going {
    name: String,
    order: LoadOrder,
    /// The rate, of a load that has one.
    profile: Option<Profile>,
    /// How long an iteration takes.
    each: Duration,
    /// The next stretch of its rate to be told; `None` where none is.
    line: Option<usize>,
    told: u32,
    /// What is still to be told of it: to be forgotten where it is stopped before.
    coming: Vec<(Moment, u64)>,
}

impl Going {
    /// How long it takes; `None`: until it is stopped.
    fn length(&self) -> Option<Duration> {
        let times = self.order.times;
        let rounds = |rounds: u64| self.each.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX));
        match &self.order.arrival {
            LoadArrival::AtOnce { .. } => Some(self.each),
            LoadArrival::Sequential => Some(rounds(times.unwrap_or(1))),
            LoadArrival::Users { to: Some(_), .. } => times.map(|_| self.each),
            LoadArrival::Users { users, to: None } => {
                times.map(|times| rounds(times.div_ceil((*users).max(1))))
            }
            LoadArrival::Rate { .. } => times.map(|times| {
                let last = match times {
                    0 => Some(0),
                    times => self.profile.as_ref().and_then(|profile| profile.due(times)),
                };
                last.map_or(Duration::MAX, |last| Duration::from_nanos(last).saturating_add(self.each))
            }),
        }
    }

    /// When it ends by itself, or its time is over.
    fn end(&self) -> Moment {
        let length = self.length().map(|length| self.order.start.after(length));
        self.order.end.into_iter().chain(length).min().unwrap_or(Moment::NEVER)
    }

    /// How many iterations were due before `at`, where the file fixes that.
    fn due(&self, at: Moment) -> Option<u64> {
        let times = self.order.times;
        let done = self.length().is_some_and(|length| self.order.start.after(length) <= at);
        match &self.order.arrival {
            // The last of so many is due at that very moment.
            LoadArrival::Rate { .. } if done => times,
            LoadArrival::Rate { .. } => {
                let elapsed = at.min(self.order.end.unwrap_or(Moment::NEVER)).since(self.order.start);
                let due = self.profile.as_ref()?.count_before(rates::seconds(elapsed))?;
                Some(times.map_or(due, |times| times.min(due)))
            }
            LoadArrival::AtOnce { users } => Some(*users),
            LoadArrival::Sequential | LoadArrival::Users { .. } => times.filter(|_| done),
        }
    }

    /// Whether the gaps are random and their number is not fixed: what is due is an expectation.
    fn about(&self) -> bool {
        matches!(self.order.arrival, LoadArrival::Rate { poisson: true, .. })
    }

    /// The next change of what it asks for, and when that is; a stretch of no length is none.
    fn next(&mut self) -> Option<(Moment, RateChange)> {
        let start = self.order.start;
        let Some(profile) = &self.profile else {
            self.line.take()?;
            return Some((start, self.users()));
        };
        let mut index = self.line?;
        let mut line = profile.line(index);
        while line.length.is_some_and(|length| length.is_zero()) {
            index += 1;
            line = profile.line(index);
        }
        self.line = line.length.map(|_| index + 1);
        let at = start.after(duration(line.start));
        let (from, to) = line.rates();
        let until = line.length.map(|length| at.after(duration(length)));
        let towards = until.filter(|_| from != to).map(|until| (to, until));
        let due = if at > start { self.due(at) } else { Some(0) };
        let about = self.about() && at > start;
        Some((at, RateChange { rate: Some(from), users: None, towards, due, about }))
    }

    fn users(&self) -> RateChange {
        let (users, to) = match &self.order.arrival {
            LoadArrival::Users { users, to } => (*users, *to),
            LoadArrival::AtOnce { users } => (*users, None),
            LoadArrival::Sequential | LoadArrival::Rate { .. } => (1, None),
        };
        let towards = to.zip(self.order.end).map(|(to, end)| (to as f64, end));
        RateChange { users: Some(users), towards, due: Some(0), ..RateChange::default() }
    }

    /// From `at` on it asks for nothing; how many iterations it was in all is told.
    fn nothing_more(&self, at: Moment) -> RateChange {
        let has_rate = self.profile.is_some();
        RateChange {
            rate: has_rate.then_some(0.0),
            users: (!has_rate).then_some(0),
            towards: None,
            due: self.due(at),
            about: self.about(),
        }
    }
}

fn duration(seconds: Exact) -> Duration {
    Duration::try_from_secs_f64(float(seconds)).unwrap_or(Duration::MAX)
}

impl Pretend {
    pub(super) fn start_load(&mut self, ticket: Ticket, order: LoadOrder) {
        let name = self.subject(order.subject).to_owned();
        let what = format!("load {name}");
        let each = self.taking.get(&what).copied().unwrap_or_default();
        let (load, start) = (order.load, order.start);
        let (profile, wrong) = match rates::profile(&self.curves, &order) {
            Ok(profile) => (profile, None),
            Err(wrong) => (None, Some(wrong)),
        };
        let failed = self.failing.get(&what).cloned().or(wrong);
        let going = Going { name, order, profile, each, line: Some(0), told: 0, coming: Vec::new() };
        let ends = match (&failed, going.length()) {
            (Some(_), _) => Some(start),
            (None, length) => length.map(|length| start.after(length)).filter(|at| *at != Moment::NEVER),
        };
        let last = ends.map(|at| going.nothing_more(at));
        self.loads.insert(load, going);
        let answer = failed.map_or(Ok(Answer::Done), Err);
        self.come(self.now, Observation::Answered { ticket, at: self.now, answer });
        self.next_change(load);
        if let Some((at, change)) = ends.zip(last) {
            self.end_load(load, at, at.max(self.now), change);
        }
    }

    /// Nothing is due from `at` on, and the last iteration ends at `ended`.
    fn end_load(&mut self, load: LoadId, at: Moment, ended: Moment, change: RateChange) {
        if self.tells_rates {
            self.come_of(load, at, Observation::RateChanged { load, at, change });
        }
        self.come_of(load, ended, Observation::LoadEnded { load, at: ended });
    }

    pub(super) fn stop_load(&mut self, ticket: Ticket, load: LoadId, at: Moment) {
        self.answer(ticket, "", Answer::Done);
        let Some(going) = self.loads.get_mut(&load) else {
            return self.come(at, Observation::LoadEnded { load, at: at.max(self.now) });
        };
        going.line = None;
        for place in std::mem::take(&mut going.coming) {
            self.coming.remove(&place);
        }
        // What is in flight has its grace, but on the shortest course nothing is.
        let flight = if self.tells_rates { Duration::ZERO } else { going.each.min(LOAD_GRACE) };
        let change = going.nothing_more(at);
        self.end_load(load, at, at.after(flight).max(self.now), change);
    }

    /// Something that is forgotten where the load is stopped before it comes.
    fn come_of(&mut self, load: LoadId, at: Moment, observation: Observation) {
        let place = self.come_as(at, observation);
        if let Some(going) = self.loads.get_mut(&load) {
            // What has come is no longer wanted here: at most a change and an end are on their way.
            going.coming.retain(|place| self.coming.contains_key(place));
            going.coming.push(place);
        }
    }

    /// The next change of what a load asks for is on its way.
    pub(super) fn next_change(&mut self, load: LoadId) {
        let Some(going) = self.loads.get_mut(&load).filter(|_| self.tells_rates) else { return };
        let Some((at, change)) = going.next() else { return };
        if at >= going.end() && at > going.order.start {
            going.line = None;
            return;
        }
        going.told += 1;
        if going.told <= MAX_CHANGES {
            return self.come_of(load, at, Observation::RateChanged { load, at, change });
        }
        going.line = None;
        let text = format!("load {}: of its changes only the first {MAX_CHANGES} are told", going.name);
        let event = EventKind::Noticed { line: None, text };
        self.come_of(load, at, Observation::Told { at, event });
    }
}
