//! Conditions that the file itself rules out: a time that is over before it is compared, more iterations than are begun.

use super::super::compared::{all_of, compared, exceeds};
use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::readings::target_read;
use super::super::scenario::{Argued, Arrival, Expectation, Load, LoadSubject, Origin, Scenario};
use super::super::walk::conditions;
use super::{Limit, Walk};
use crate::diag::Diagnostic;
use crate::lang::expr::{BinaryOperator, Expr, ExprKind};
use crate::lang::function::Aggregate;
use crate::lang::quantity::Quantity;
use crate::source::Span;
use std::collections::HashMap;
use std::time::Duration;

/// What is begun at most by all loads of one subject.
#[derive(Clone, Copy, Debug)]
struct Most {
    /// Iterations in all; none where the file does not fix it.
    count: Option<f64>,
    /// Iterations a second, all loads together.
    rate: Option<f64>,
    /// The first load.
    span: Span,
}

/// What all loads begin at most.
#[derive(Debug, Default)]
pub(super) struct Begun {
    most: HashMap<LoadSubject, Most>,
}

impl Begun {
    fn add(&mut self, subject: LoadSubject, (count, rate): (Option<f64>, Option<f64>), span: Span) {
        let most = self.most.entry(subject).or_insert(Most { count: Some(0.0), rate: Some(0.0), span });
        most.count = most.count.zip(count).map(|(sum, more)| sum + more);
        most.rate = most.rate.zip(rate).map(|(sum, more)| sum + more);
    }

    /// What is asked to be more than is ever begun; only where the whole story was walked.
    pub fn findings(&self, scenario: &Scenario) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        conditions(scenario, &mut |condition| {
            for part in all_of(condition) {
                found.extend(self.never_so_many(scenario, part));
                found.extend(never_so_large(scenario, part));
            }
        });
        found
    }

    fn never_so_many(&self, scenario: &Scenario, condition: &Expr) -> Option<Diagnostic> {
        let (measured, operator, limit) = compared(condition)?;
        let ExprKind::Measure { series, aggregate, .. } = &measured.kind else { return None };
        let Origin::Load { subject, reading: "count" } = scenario.series(*series).origin else { return None };
        let most = self.most.get(&subject)?;
        let (bound, rate) = match aggregate {
            Aggregate::Rate => (most.rate?, true),
            Aggregate::Latest | Aggregate::Delta | Aggregate::Last | Aggregate::Max | Aggregate::Growth => {
                (most.count?, false)
            }
            _ => return None,
        };
        let never = exceeds(operator, limit.to_f64(), bound);
        let name = scenario.subject_name(subject);
        never.then(|| mistake::time::never_so_many(condition.span, most.span, name, bound, rate))
    }
}

impl Walk<'_> {
    /// A time since the block began that is over by then.
    pub(super) fn over_before(&mut self, expectation: &Expectation, now: Duration) {
        for part in all_of(&expectation.condition) {
            let Some((ExprKind::Elapsed, operator, limit)) =
                compared(part).map(|(left, operator, limit)| (&left.kind, operator, limit))
            else {
                continue;
            };
            let never = match (operator, limit.to_duration()) {
                (BinaryOperator::Less, Some(limit)) => now >= limit,
                (BinaryOperator::LessOrEqual, Some(limit)) => now > limit,
                _ => false,
            };
            if never && !now.is_zero() {
                self.report(mistake::time::over_before(part.span, now, self.above));
            }
        }
    }

    /// Counts what a load begins at most, in so many passes of the loops around it.
    pub(super) fn begins(&mut self, load: &Load, limit: Option<&Limit>, span: Span) {
        self.around.high(true);
        let (count, rate) = self.begins_once(load, limit);
        self.around.high(false);
        // What was drawn for it says nothing about how long anything takes.
        self.around.take_drawn();
        let count = count.zip(self.passes).map(|(count, passes)| count * passes);
        for subject in self.scenario.subjects_of(load.subject) {
            self.begun.add(subject, (count, rate), span);
        }
    }

    fn begins_once(&mut self, load: &Load, limit: Option<&Limit>) -> (Option<f64>, Option<f64>) {
        let number = |walk: &mut Self, expr: &Expr| walk.quantity(expr).map(Quantity::to_f64);
        let times = load.times.as_ref().map(|times| number(self, times));
        let arrivals = match &load.arrival {
            Arrival::Rate(rate) if !rate.poisson && rate.shaped.is_none() => rate,
            Arrival::AtOnce { users } if times.is_none() => return (number(self, users), None),
            Arrival::Sequential => return (times.flatten(), None),
            _ => return (None, None),
        };
        let from = number(self, &arrivals.rate);
        let rate = match &arrivals.to {
            Some(to) => from.zip(number(self, to)).map(|(from, to)| from.max(to)),
            None => from,
        };
        let lasts = match &load.duration {
            Some(duration) => self.quantity(duration).and_then(Quantity::to_duration),
            None => limit.map(|limit| limit.left),
        };
        let count = match times {
            Some(times) => times,
            None => rate.zip(lasts).map(|(rate, lasts)| (rate * lasts.as_secs_f64()).ceil()),
        };
        (count, rate)
    }

    /// Walks what is done in so many passes, where that is known.
    pub(super) fn passing<T>(&mut self, passes: Option<f64>, walk: impl FnOnce(&mut Self) -> T) -> T {
        let around = self.passes;
        self.passes = around.zip(passes).map(|(around, passes)| around * passes);
        let walked = walk(self);
        self.passes = around;
        walked
    }
}

/// More space than a small disk of soak's own has.
fn never_so_large(scenario: &Scenario, condition: &Expr) -> Option<Diagnostic> {
    let (measured, operator, limit) = compared(condition)?;
    let (target, "free" | "used") = target_read(scenario, measured)? else { return None };
    let disk = scenario.target(target);
    let setting = disk.setting("size")?;
    let Some(Argued::Value(size)) = setting.values.first() else { return None };
    let whole = constant_quantity(size)?;
    let never = exceeds(operator, limit.to_f64(), whole.to_f64());
    let same = limit.dimension == whole.dimension;
    (never && same).then(|| mistake::time::never_so_large(condition.span, setting.span, &disk.name, whole))
}
