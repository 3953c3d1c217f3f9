//! Processes of which no restart is expected, while the story itself ends them: what `restart after` brings back is counted.

use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::scenario::{Block, Expectation, Origin, Qualifier, Step, StepKind};
use super::super::state::Checker;
use super::super::walk::{blocks, flat};
use crate::lang::expr::{BinaryOperator, Expr, ExprKind, TargetId, Window};
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn counted_lint(&mut self) {
        let mut found = Vec::new();
        blocks(&self.scenario, &mut |block| self.counted_in(block, &mut found));
        for (expected, kill, name) in found {
            self.report(mistake::stopped::restart_is_counted(expected, kill, &name));
        }
    }

    fn counted_in(&self, block: &Block, found: &mut Vec<(Span, Span, String)>) {
        let steps = flat(&block.steps);
        for (place, step) in steps.iter().enumerate() {
            let StepKind::Expect(id) = &step.kind else { continue };
            let expectation = self.scenario.expectation(*id);
            let Some(process) = self.never_restarted(expectation) else { continue };
            let looked_at = match expectation.qualifier {
                Qualifier::Always => &steps[place..],
                Qualifier::AtEnd => &steps[..],
                _ => continue,
            };
            let kill = looked_at.iter().enumerate().find_map(|(at, step)| {
                // What ends with the block is brought back too late to be counted.
                let goes_on = looked_at[at + 1..].iter().any(|step| matches!(step.kind, StepKind::Wait(_)));
                self.killed_in(step, process, goes_on)
            });
            if let Some(kill) = kill {
                found.push((expectation.condition.span, kill, self.scenario.target(process).name.clone()));
            }
        }
    }

    /// `app.restarts == 0`, of a process that is started again after a crash.
    fn never_restarted(&self, expectation: &Expectation) -> Option<TargetId> {
        let ExprKind::Binary(operator, left, right) = &expectation.condition.kind else { return None };
        let limit = constant_quantity(right)?.to_f64();
        let none = match operator {
            BinaryOperator::Equal | BinaryOperator::LessOrEqual => limit == 0.0,
            BinaryOperator::Less => limit <= 1.0,
            _ => false,
        };
        let ExprKind::Measure { series, window: Window::Block, .. } = &left.kind else { return None };
        let Origin::Target { target, reading, .. } = &self.scenario.series(*series).origin else {
            return None;
        };
        let restarts =
            reading.name == "restarts" && self.scenario.target(*target).setting("restart").is_some();
        (none && restarts).then_some(*target)
    }

    /// Where a statement kills a process, with time behind it for the restart.
    fn killed_in(&self, step: &Step, process: TargetId, goes_on: bool) -> Option<Span> {
        match &step.kind {
            StepKind::Tell(tell) => {
                let kills = tell.target == process && tell.verb.name == "kill" && tell.duration.is_none();
                (kills && goes_on).then_some(tell.span)
            }
            StepKind::Phase { body, .. } | StepKind::Repeat { body, .. } | StepKind::ForEach { body, .. } => {
                let steps = flat(&body.steps);
                steps.iter().enumerate().find_map(|(at, step)| {
                    let waits = steps[at + 1..].iter().any(|step| waits(step));
                    self.killed_in(step, process, goes_on || waits)
                })
            }
            _ => None,
        }
    }
}

fn waits(step: &Step) -> bool {
    let is_long = |time: &Expr| constant_quantity(time).is_none_or(|time| time.to_f64() > 0.0);
    matches!(&step.kind, StepKind::Wait(time) if is_long(time))
}
