//! What the conditions of a statement read, told to the history as the statement is reached.

use super::super::scenario::{IterationStep, LoadSubject, Origin, Qualifier, Repeat, Step, StepKind};
use super::Walk;
use crate::lang::expr::{BinaryOperator, Expr, ExprKind, Window};
use crate::lang::function::Aggregate;
use crate::lang::types::Shape;
use crate::source::Span;

/// When a condition is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    /// It is waited for.
    Waits,
    /// At the end of its block, or all the time until then.
    Late,
}

impl<'s> Walk<'s> {
    /// Takes a statement in before it is walked.
    pub(super) fn reads(&mut self, step: &'s Step) {
        match &step.kind {
            StepKind::Expect(id) => {
                let expectation = self.scenario.expectation(*id);
                let when = match expectation.qualifier {
                    Qualifier::Now => When::Now,
                    Qualifier::Within(_) | Qualifier::For(_) | Qualifier::ForWithin { .. } => When::Waits,
                    Qualifier::Always | Qualifier::Sometimes | Qualifier::AtEnd => When::Late,
                };
                self.reads_in(&expectation.condition, when);
            }
            StepKind::WaitUntil { condition, .. } => self.reads_in(condition, When::Waits),
            StepKind::Repeat { count: Repeat::Until { condition, .. }, .. } => {
                // It is asked between passes, of which the last may have done anything that stands in them.
                self.phases_in(condition, When::Late);
            }
            StepKind::Note(text) => self.phases_in(text, When::Now),
            StepKind::Tell(tell) => {
                for check in &tell.checks {
                    if let IterationStep::Check { condition, .. } = check {
                        self.phases_in(condition, When::Now);
                    }
                }
            }
            _ => {}
        }
        if self.takes_time(step, 0) {
            self.history.time_passes();
        }
    }

    fn reads_in(&mut self, condition: &'s Expr, when: When) {
        self.phases_in(condition, when);
        let scenario = self.scenario;
        let mut read: Vec<(LoadSubject, Span, bool)> = Vec::new();
        condition.walk(&mut |part| {
            let empty = match &part.kind {
                // Nothing divided by nothing.
                ExprKind::Binary(BinaryOperator::Divide, _, by) => by.as_ref(),
                ExprKind::Measure { series, aggregate, .. }
                    if scenario.series(*series).shape == Shape::Distribution
                        && !matches!(
                            aggregate,
                            Aggregate::Count | Aggregate::Distinct | Aggregate::Sum | Aggregate::Rate
                        ) =>
                {
                    part
                }
                _ => return,
            };
            let ExprKind::Measure { series, window, .. } = &empty.kind else { return };
            let subject = match scenario.series(*series).origin {
                Origin::Load { subject, .. } => subject,
                Origin::Capture { action, .. } => LoadSubject::Action(action),
                _ => return,
            };
            read.push((subject, empty.span, matches!(window, Window::Block)));
        });
        for (subject, span, here) in read {
            match when {
                When::Late if here => self.history.reads_load_late(subject, span),
                When::Late => {}
                _ => self.history.reads_load(subject, span, when == When::Waits, here),
            }
        }
    }

    fn phases_in(&mut self, expr: &'s Expr, when: When) {
        let mut names: Vec<&Expr> = Vec::new();
        expr.walk(&mut |part| {
            if let ExprKind::Measure { window: Window::Phase(name), .. } = &part.kind {
                names.push(name);
            }
        });
        for name in names {
            if let Some(value) = self.value(name) {
                self.history.reads_phase(value.to_string(), name.span, when == When::Late);
            }
        }
    }
}
