//! Processes of which no restart is expected, while the story itself ends them: what `restart after` brings back is counted.

use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::scenario::{Block, Expectation, Origin, Qualifier, Step, StepKind};
use super::super::state::Checker;
use super::super::walk::{blocks, flat};
use crate::lang::expr::{BinaryOperator, ExprKind, TargetId, Window};
use crate::source::Span;
use std::collections::HashMap;

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
        let kills = kills(&steps, false);
        for (place, step) in steps.iter().enumerate() {
            let StepKind::Expect(id) = &step.kind else { continue };
            let expectation = self.scenario.expectation(*id);
            let from = match expectation.qualifier {
                Qualifier::Always => place,
                Qualifier::AtEnd => 0,
                _ => continue,
            };
            let Some(process) = self.never_restarted(expectation) else { continue };
            let Some(of_process) = kills.get(&process) else { continue };
            // They stand from the last to the first.
            let behind = of_process.partition_point(|(at, _)| *at >= from);
            if let Some((_, kill)) = of_process[..behind].last() {
                found.push((expectation.condition.span, *kill, self.scenario.target(process).name.clone()));
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
}

/// Where processes are killed with time behind it for the restart, each with the place of its statement, from the last to the
/// first; `goes_on` is whether there is time behind these statements. What ends with its block is brought back too late.
fn kills(steps: &[&Step], mut goes_on: bool) -> HashMap<TargetId, Vec<(usize, Span)>> {
    let mut kills: HashMap<TargetId, Vec<(usize, Span)>> = HashMap::new();
    for (place, step) in steps.iter().enumerate().rev() {
        match &step.kind {
            StepKind::Tell(tell) if goes_on && tell.verb.name == "kill" && tell.duration.is_none() => {
                kills.entry(tell.target).or_default().push((place, tell.span));
            }
            StepKind::Phase { body, .. } | StepKind::Repeat { body, .. } | StepKind::ForEach { body, .. } => {
                for (target, inside) in self::kills(&flat(&body.steps), goes_on) {
                    let first = inside.last().map(|(_, span)| (place, *span));
                    kills.entry(target).or_default().extend(first);
                }
            }
            StepKind::Wait(time) => goes_on |= constant_quantity(time).is_none_or(|time| time.to_f64() > 0.0),
            _ => {}
        }
    }
    kills
}
