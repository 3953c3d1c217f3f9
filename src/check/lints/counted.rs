//! Processes of which no restart is expected, or that they are always up, while the story itself ends them: what `restart
//! after` brings back is counted.

use super::super::accept::{highest, lowest};
use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::readings::{presence_read, target_read};
use super::super::scenario::{Block, Expectation, Qualifier, Step, StepKind, Tell, Tolerance};
use super::super::state::Checker;
use super::super::walk::{blocks, flat, visit_tells};
use crate::diag::Diagnostic;
use crate::lang::expr::{BinaryOperator, ExprKind, TargetId, Window};
use crate::source::Span;
use std::collections::HashMap;
use std::time::Duration;

impl Checker<'_> {
    pub(super) fn counted_lint(&mut self) {
        let mut found = Vec::new();
        blocks(&self.scenario, &mut |block| self.counted_in(block, &mut found));
        let mut lasting: HashMap<Span, Duration> = HashMap::new();
        visit_tells(&self.scenario, &mut |tell| {
            let length = tell.duration.as_ref().and_then(|time| lowest(time)?.to_duration());
            lasting.extend(length.map(|length| (tell.span, length)));
        });
        let mut down = Vec::new();
        blocks(&self.scenario, &mut |block| self.down_in(block, &lasting, &mut down));
        self.found.extend(down);
        for (expected, kill, name) in found {
            self.report(mistake::stopped::restart_is_counted(expected, kill, &name));
        }
    }

    fn counted_in(&self, block: &Block, found: &mut Vec<(Span, Span, String)>) {
        let steps = flat(&block.steps);
        let kills = kills(&steps, false, &counts_as_restart);
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

    /// A process that must be up always, while the story itself keeps it down for longer than is tolerated.
    fn down_in(&self, block: &Block, lasting: &HashMap<Span, Duration>, found: &mut Vec<Diagnostic>) {
        let steps = flat(&block.steps);
        if !steps.iter().any(|step| matches!(step.kind, StepKind::Expect(_))) {
            return;
        }
        let down = |tell: &Tell, _: bool| {
            matches!(tell.verb.name, "kill" | "stop") && lasting.contains_key(&tell.span)
        };
        // The longest of what stands behind each, for each process.
        let mut longest: HashMap<TargetId, Vec<(usize, Span, Duration)>> = HashMap::new();
        for (process, downs) in kills(&steps, false, &down) {
            let of_process = longest.entry(process).or_default();
            for (place, span) in downs {
                let length = lasting.get(&span).copied().unwrap_or_default();
                of_process.push(match of_process.last() {
                    Some((_, other, more)) if *more >= length => (place, *other, *more),
                    _ => (place, span, length),
                });
            }
        }
        for (place, step) in steps.iter().enumerate() {
            let StepKind::Expect(id) = &step.kind else { continue };
            let expectation = self.scenario.expectation(*id);
            let Some((process, tolerated)) = self.always_up(expectation) else { continue };
            let of_process = longest.get(&process).map_or(&[][..], Vec::as_slice);
            let behind = of_process.partition_point(|(at, ..)| *at >= place);
            let Some((_, span, length)) = of_process[..behind].last() else { continue };
            if *length > tolerated {
                let name = &self.scenario.target(process).name;
                let told = self.sources.text(*span);
                found.push(mistake::stopped::kept_down(
                    expectation.condition.span,
                    (name, told),
                    *span,
                    *length,
                    tolerated,
                ));
            }
        }
    }

    /// The process of which a condition says no more than that it runs, and for how long it may be away.
    fn always_up(&self, expectation: &Expectation) -> Option<(TargetId, Duration)> {
        if !matches!(expectation.qualifier, Qualifier::Always) {
            return None;
        }
        let tolerated = match &expectation.tolerate {
            None => Duration::ZERO,
            Some(Tolerance::Time(time)) => highest(time)?.to_duration()?,
            Some(Tolerance::Share(_)) => return None,
        };
        presence_read(&self.scenario, &expectation.condition).map(|process| (process, tolerated))
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
        let ExprKind::Measure { window: Window::Block, .. } = &left.kind else { return None };
        let (process, "restarts") = target_read(&self.scenario, left)? else { return None };
        (none && self.scenario.target(process).setting("restart").is_some()).then_some(process)
    }
}

/// A kill with time behind it for the restart; what ends with its block is brought back too late.
fn counts_as_restart(tell: &Tell, goes_on: bool) -> bool {
    goes_on && tell.verb.name == "kill" && tell.duration.is_none()
}

/// Where processes are told what counts, each with the place of its statement, from the last to the first; `goes_on` is
/// whether there is time behind these statements.
fn kills(
    steps: &[&Step],
    mut goes_on: bool,
    counts: &dyn Fn(&Tell, bool) -> bool,
) -> HashMap<TargetId, Vec<(usize, Span)>> {
    let mut kills: HashMap<TargetId, Vec<(usize, Span)>> = HashMap::new();
    for (place, step) in steps.iter().enumerate().rev() {
        match &step.kind {
            StepKind::Tell(tell) if counts(tell, goes_on) => {
                kills.entry(tell.target).or_default().push((place, tell.span));
            }
            StepKind::Phase { body, .. } | StepKind::Repeat { body, .. } | StepKind::ForEach { body, .. } => {
                for (target, inside) in self::kills(&flat(&body.steps), goes_on, counts) {
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
