//! Loads: ordered with every value known, stopped with their block or after their time, drained beside what
//! follows.

use super::interpreter::Interpreter;
use super::scope::{Owned, ScopeId};
use super::strand::{Frame, StrandId, Waiting};
use super::tell::Pending;
use super::watch::{Progress, WatchId};
use super::world::{LoadArrival, LoadId, LoadOrder, Order};
use crate::check::scenario::{Arrival, Load, LoadSubject, Origin, RateArrival};
use crate::event::{Acted, EventKind};
use crate::lang::eval::NoValue;
use crate::lang::expr::{ActionId, Expr, SeriesId};
use crate::lang::moment::Moment;
use crate::lang::quantity::Quantity;
use crate::source::Span;
use std::collections::BTreeSet;
use std::time::Duration;

/// A load that has not ended.
#[derive(Debug)]
pub(super) struct Running {
    pub name: String,
    pub line: u32,
    pub scope: ScopeId,
    /// How many blocks stand around it, where that is told.
    pub depth: Option<u32>,
    pub subject: LoadSubject,
    /// The actions it runs.
    pub actions: BTreeSet<ActionId>,
    /// From when on nothing more is due.
    pub stopped: Option<Moment>,
}

impl<'s> Interpreter<'s, '_> {
    /// `load …`
    pub fn start_load(
        &mut self,
        id: StrandId,
        scope: ScopeId,
        span: Span,
        load: &'s Load,
    ) -> Result<(), NoValue> {
        let start = self.time(id);
        let duration = load.duration.as_ref().map(|duration| self.duration(scope, duration)).transpose()?;
        let times = load.times.as_ref().map(|times| self.whole(scope, times)).transpose()?;
        // A load in a timed block ends with it at the latest, and knows it: nothing that is due at the end itself is
        // begun while word of the end is still on its way. A ramp without a duration, and a curve without a time of
        // its own, span the rest of the block.
        let limit = self.scopes.get(scope).map(|scope| scope.limit).filter(|limit| *limit != Moment::NEVER);
        let span_left = duration.or_else(|| limit.map(|limit| limit.since(start)));
        let arrival = self.arrival(scope, &load.arrival, span_left)?;
        let end = duration.map(|duration| start.after(duration)).into_iter().chain(limit).min();
        let number = self.number();
        let (_, place, _) = self.stands_in(scope);
        let ends_by_itself =
            times.is_some() || matches!(arrival, LoadArrival::AtOnce { .. } | LoadArrival::Sequential);
        let running = Running {
            name: self.scenario.subject_name(load.subject).to_owned(),
            line: self.sources.line(span),
            scope,
            depth: self.depth,
            subject: load.subject,
            actions: self.scenario.actions_of(load.subject).into_iter().collect(),
            stopped: None,
        };
        let text = self.sources.text(span).lines().next().unwrap_or_default().trim().to_owned();
        let (name, line) = (running.name.clone(), running.line);
        self.tell(EventKind::LoadStarted { load: number, name, line, text });
        self.loads.insert(number, running);
        self.scopes.own(scope, Owned::Load(number));
        let seed = place.inner(span, 0).seed(self.options.seed);
        let subject = load.subject;
        let order = LoadOrder { load: number, subject, arrival, times, start, end, seed };
        self.order(Order::StartLoad(Box::new(order)), Pending::Load(number));
        if let Some(duration) = duration {
            self.push(id, Frame::Load(number));
            self.sleep(id, scope, start.after(duration));
        } else if ends_by_itself {
            self.wait_for(id, Waiting::Load(number));
        }
        Ok(())
    }

    fn arrival(
        &mut self,
        scope: ScopeId,
        arrival: &'s Arrival,
        span_left: Option<Duration>,
    ) -> Result<LoadArrival, NoValue> {
        Ok(match arrival {
            Arrival::Rate(rate) => {
                let RateArrival { rate, to, poisson, max_users, shaped } = &**rate;
                LoadArrival::Rate {
                    rate: self.quantity(scope, rate)?,
                    to: to.as_ref().map(|to| self.quantity(scope, to)).transpose()?,
                    poisson: *poisson,
                    max_users: max_users.as_ref().map(|users| self.whole(scope, users)).transpose()?,
                    shaped: match shaped {
                        Some((curve, Some(period))) => Some((*curve, self.duration(scope, period)?)),
                        Some((curve, None)) => {
                            let left = span_left.ok_or(NoValue::NotHere("a curve without a time to span"))?;
                            Some((*curve, left))
                        }
                        None => None,
                    },
                }
            }
            Arrival::Users { users, to } => LoadArrival::Users {
                users: self.whole(scope, users)?,
                to: to.as_ref().map(|to| self.whole(scope, to)).transpose()?,
            },
            Arrival::AtOnce { users } => LoadArrival::AtOnce { users: self.whole(scope, users)? },
            Arrival::Sequential => LoadArrival::Sequential,
        })
    }

    fn quantity(&mut self, scope: ScopeId, expr: &Expr) -> Result<Quantity, NoValue> {
        let value = self.value(scope, expr)?;
        value.as_quantity().ok_or_else(|| NoValue::Mismatch(format!("`{value}` is not a number")))
    }

    /// From `at` on nothing more of a load is due.
    pub fn end_load(&mut self, id: LoadId, at: Moment) {
        let Some(load) = self.loads.get_mut(&id).filter(|load| load.stopped.is_none()) else { return };
        load.stopped = Some(at);
        let scope = load.scope;
        self.scopes.disown(scope, Owned::Load(id));
        self.order(Order::StopLoad { load: id, at }, Pending::StopLoad);
    }

    /// A load could not be run: a failed act.
    pub fn load_failed(&mut self, id: LoadId, at: Moment, failed: String) {
        let Some(load) = self.loads.get(&id) else { return };
        let acted = Acted {
            target: load.name.clone(),
            verb: "load".into(),
            line: load.line,
            asked: format!("load {}", load.name),
            due: at.seconds(),
            measured: None,
            failed: Some(failed),
        };
        let depth = load.depth;
        self.acted(at, depth, acted);
    }

    /// The last iteration of a load has ended.
    pub fn load_ended(&mut self, id: LoadId, at: Moment) {
        let Some(load) = self.loads.remove(&id) else { return };
        self.scopes.disown(load.scope, Owned::Load(id));
        let ended = EventKind::LoadEnded { load: id, name: load.name, line: load.line };
        self.tell_inside(at, load.depth, ended);
        let waiting: Vec<StrandId> = self
            .strands
            .iter()
            .filter(|(_, strand)| strand.waiting == Waiting::Load(id))
            .map(|(strand, _)| *strand)
            .collect();
        for strand in waiting {
            let time = self.time(strand).max(at);
            self.resume(strand, Waiting::Load(id), time);
        }
        let mut drained: Vec<WatchId> = Vec::new();
        for (watch, one) in &mut self.watches {
            let before = one.draining.len();
            one.draining.retain(|load| *load != id);
            if one.draining.len() < before {
                drained.push(*watch);
            }
        }
        for watch in drained {
            self.gathered(watch, at);
        }
    }

    /// The loads in their grace that these series tell of.
    pub fn draining(&self, series: &[SeriesId]) -> Vec<LoadId> {
        let tells_of = |load: &Running, id: SeriesId| match &self.scenario.series(id).origin {
            Origin::Load { subject: LoadSubject::Action(action), .. } | Origin::Capture { action, .. } => {
                load.actions.contains(action)
            }
            Origin::Load { subject, .. } => *subject == load.subject,
            _ => false,
        };
        self.loads
            .iter()
            .filter(|(_, load)| load.stopped.is_some() && series.iter().any(|id| tells_of(load, *id)))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Whether a watch has all it waits for.
    pub fn has_all(&self, watch: WatchId) -> bool {
        self.watches
            .get(&watch)
            .is_some_and(|watch| watch.progress == Progress::Gathering(0) && watch.draining.is_empty())
    }
}
