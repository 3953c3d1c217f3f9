//! How long things take at their shortest and at their longest, where the file fixes it.

use super::super::mistake;
use super::super::scenario::{Arrival, Load, Qualifier};
use super::{Limit, Walk};
use crate::lang::eval::{evaluate, evaluate_drawn};
use crate::lang::expr::{Expr, VariableId};
use crate::lang::quantity::Quantity;
use crate::lang::types::Type;
use crate::lang::value::Value;
use std::time::Duration;

impl Walk<'_> {
    /// What takes so long at most.
    pub(super) fn may_take(&mut self, word: &str, most: &Expr, limit: Option<Limit>) {
        let most_time = self.shortest(most);
        if let Some(limit) = limit.filter(|limit| most_time > limit.left && !self.over) {
            let time = (word, most_time);
            self.report(mistake::time::deadline_beyond(most.span, time, limit.left, &limit.what, limit.span));
        }
    }

    pub(super) fn expectation(&mut self, qualifier: &Qualifier, limit: Option<Limit>) -> Duration {
        let (shortest, deadline) = match qualifier {
            Qualifier::For(time) => (self.shortest(time), None),
            Qualifier::ForWithin { stretch, within } => (self.shortest(stretch), Some(within)),
            Qualifier::Within(within) => (Duration::ZERO, Some(within)),
            Qualifier::Now | Qualifier::Always | Qualifier::Sometimes | Qualifier::AtEnd => {
                (Duration::ZERO, None)
            }
        };
        if let Some(deadline) = deadline {
            self.may_take("within", deadline, limit);
        }
        shortest
    }

    pub(super) fn load(&mut self, load: &Load) -> Duration {
        if let Some(duration) = &load.duration {
            return self.shortest(duration);
        }
        let (Some(times), Arrival::Rate(rate)) = (&load.times, &load.arrival) else { return Duration::ZERO };
        if rate.poisson || rate.to.is_some() || rate.shaped.is_some() {
            return Duration::ZERO;
        }
        let times = self.quantity(times).map_or(0.0, Quantity::to_f64);
        self.around.high(true);
        let rate = self.quantity(&rate.rate).map_or(0.0, Quantity::to_f64);
        self.around.high(false);
        // The last one is due one interval before the next would be.
        let seconds = if rate > 0.0 { (times - 1.0).max(0.0) / rate } else { 0.0 };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    pub(super) fn bind(&mut self, variable: VariableId, value: &Expr) {
        match self.value(value) {
            Some(value) => self.around.variables.insert(variable, value),
            None => self.around.variables.remove(&variable),
        };
    }

    pub(super) fn value(&mut self, expr: &Expr) -> Option<Value> {
        let known = expr.ty != Type::Unknown;
        known.then(|| evaluate(expr, &mut self.around).ok()).flatten()
    }

    pub(super) fn quantity(&mut self, expr: &Expr) -> Option<Quantity> {
        let known = expr.ty != Type::Unknown;
        known.then(|| evaluate_drawn(expr, &mut self.around).ok()).flatten()?.as_quantity()
    }

    pub(super) fn duration(&mut self, expr: &Expr) -> Option<Duration> {
        let duration = self.quantity(expr).and_then(Quantity::to_duration);
        let drawn = self.around.take_drawn();
        self.open |= duration.is_none() || drawn;
        self.drawn |= drawn;
        duration
    }

    /// The longest that a time may be, where the file fixes it.
    pub(super) fn longest(&mut self, time: &Expr) -> Option<Duration> {
        self.around.high(true);
        let longest = self.duration(time);
        self.around.high(false);
        longest
    }

    pub(super) fn shortest(&mut self, expr: &Expr) -> Duration {
        self.duration(expr).unwrap_or_default()
    }

    /// Walks what stands in a block that lasts as long as it says, whatever that takes.
    pub(super) fn closed<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let open = self.open;
        let walked = walk(self);
        self.open = open;
        walked
    }
}
