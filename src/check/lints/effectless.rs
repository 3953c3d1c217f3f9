//! Faults that do nothing: a latency of no time, a loss of no share. And loads that begin nothing, or are held up by their own
//! limit of users.

use super::super::accept::{highest, lowest};
use super::super::compared::{compared, is_upwards};
use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::scenario::{Argued, Arrival, IterationStep, Load, LoadSubject, Origin, StepKind};
use super::super::state::Checker;
use super::super::walk::{conditions, visit_steps, visit_tells};
use crate::lang::expr::{ActionId, ExprKind};
use crate::source::Span;
use std::collections::HashSet;

/// Arguments that say nothing of how strong a fault is.
const NO_STRENGTH: &[&str] = &["burst", "queue", "up", "down"];

impl Checker<'_> {
    pub(super) fn effectless_lint(&mut self) {
        let mut found = Vec::new();
        visit_tells(&self.scenario, &mut |tell| {
            let kind = self.scenario.target(tell.target).kind.name;
            let weak = matches!(
                (kind, tell.verb.name),
                ("link", "degrade" | "cut" | "delay")
                    | ("disk", "fill" | "slow")
                    | ("database", "disconnect")
            );
            let mut strengths =
                tell.arguments.iter().filter(|argument| !NO_STRENGTH.contains(&argument.parameter.name));
            let nothing = |argument: &super::super::scenario::Argument| match argument.values.as_slice() {
                [Argued::Value(value)] => constant_quantity(value).is_some_and(|value| value.to_f64() == 0.0),
                _ => false,
            };
            if weak && strengths.clone().next().is_some() && strengths.all(nothing) {
                found.push(mistake::lint::does_nothing(tell.span, self.sources.text(tell.span)));
            }
        });
        // Of these it is expected that some are dropped.
        let mut dropping: HashSet<LoadSubject> = HashSet::new();
        conditions(&self.scenario, &mut |condition| {
            condition.walk(&mut |part| {
                let Some((read, operator, _)) = compared(part) else { return };
                let ExprKind::Measure { series, .. } = &read.kind else { return };
                if let Origin::Load { subject, reading: "dropped" } = self.scenario.series(*series).origin
                    && is_upwards(operator) == Some(true)
                {
                    dropping.insert(subject);
                }
            });
        });
        visit_steps(&self.scenario, &mut |step| {
            let StepKind::Load(load) = &step.kind else { return };
            if let Some(place) = begins_nothing(load) {
                let name = self.scenario.subject_name(load.subject);
                found.push(mistake::lint::begins_nothing(step.span, place, name));
            }
            if let Some((users, most, rate)) =
                self.held_up(load).filter(|_| !dropping.contains(&load.subject))
            {
                let name = self.scenario.subject_name(load.subject);
                found.push(mistake::lint::held_up(step.span, users, name, most, rate));
            }
        });
        self.found.extend(found);
    }

    /// Where a rate is more than as many users can do who think as long as the action says: where that is limited, what
    /// they do at most in a second, and what is asked.
    fn held_up(&self, load: &Load) -> Option<(Span, f64, f64)> {
        let Arrival::Rate(arrivals) = &load.arrival else { return None };
        let LoadSubject::Action(action) = load.subject else { return None };
        let users = arrivals.max_users.as_ref()?;
        let most = highest(users)?.to_f64() / self.thinks(action)?;
        let rate = lowest(&arrivals.rate)?.to_f64();
        (arrivals.shaped.is_none() && arrivals.to.is_none() && rate > most)
            .then_some((users.span, most, rate))
    }

    /// For how many seconds an iteration thinks at least.
    fn thinks(&self, action: ActionId) -> Option<f64> {
        let pauses = self.scenario.action(action).steps.iter().filter_map(|step| match step {
            IterationStep::Think { duration, .. } => lowest(duration).map(|time| time.to_f64()),
            _ => None,
        });
        let thinks: f64 = pauses.sum();
        (thinks > 0.0).then_some(thinks)
    }
}

/// The rate or the number of users of a load, where that is nothing.
fn begins_nothing(load: &Load) -> Option<Span> {
    let (from, to) = match &load.arrival {
        Arrival::Rate(arrivals) => (&arrivals.rate, &arrivals.to),
        Arrival::Users { users, to } => (users, to),
        Arrival::AtOnce { users } => (users, &None),
        Arrival::Sequential => (load.times.as_ref()?, &None),
    };
    let none = constant_quantity(from).is_some_and(|from| from.to_f64() == 0.0);
    (none && to.is_none()).then_some(from.span)
}
