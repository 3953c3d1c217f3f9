//! Processes that are expected to run when they do not, because nothing starts them, and starts of what runs already.
//!
//! Only what is so on every run is told: a process that is told anything in what runs beside the story, or in what may run or
//! not, is left out, and so is one that something else may start or end.

use super::super::accept::{highest, lowest};
use super::super::mistake;
use super::super::mistake::stopped::Why;
use super::super::readings::presence_read;
use super::super::scenario::{Argued, Block, Qualifier, Step, StepKind, Target, Tell};
use super::super::state::Checker;
use super::super::walk::{flat, told, visit_tells};
use crate::diag::Diagnostic;
use crate::lang::expr::{Expr, ExprKind, TargetId};
use crate::lang::operator::BinaryOperator;
use crate::source::Span;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What is known of a process at a place of the story.
#[derive(Clone, Copy, Debug)]
enum State {
    Runs,
    /// Nothing starts it from where it was ended; told once.
    Down(Why, Span),
    /// It was killed there just now, and is started again so long after that.
    Back(Duration, Span),
    Unknown,
}

impl Checker<'_> {
    pub(super) fn stopped_lint(&mut self) {
        let started = told(&self.scenario, |tell| matches!(tell.verb.name, "start" | "restart"));
        let mut found = Vec::new();
        let mut states = HashMap::new();
        for (id, target) in self.scenario.numbered_targets() {
            if target.kind.name != "process" || target.setting("run").is_none() {
                continue;
            }
            match target.setting("start") {
                // What a file declares for others to include is started by whom it is for.
                Some(later) if !started.contains(&id) && self.is_own(later.span) => {
                    found.push(mistake::stopped::never_started(later.span, &target.name));
                }
                Some(_) => drop(states.insert(id, State::Unknown)),
                None => drop(states.insert(id, State::Runs)),
            }
        }
        let mut lint = Stopped { checker: self, states, found };
        lint.forget_what_is_loose();
        let scenario = &self.scenario;
        scenario.setup.iter().chain([&scenario.story]).for_each(|block| lint.block(block));
        let found = lint.found;
        self.found.extend(found);
    }
}

struct Stopped<'c, 's> {
    checker: &'c Checker<'s>,
    /// The processes that are followed.
    states: HashMap<TargetId, State>,
    found: Vec<Diagnostic>,
}

impl Stopped<'_, '_> {
    /// Leaves out what is told anything by actions, by sequences, and where it is not known when or whether.
    fn forget_what_is_loose(&mut self) {
        let scenario = &self.checker.scenario;
        let blocks = scenario.setup.iter().chain([&scenario.story]);
        let followed: HashSet<Span> = blocks.flat_map(in_order).map(|tell| tell.span).collect();
        let states = &mut self.states;
        visit_tells(scenario, &mut |tell| {
            let changes = matches!(tell.verb.name, "start" | "stop" | "kill" | "restart" | "signal" | "send");
            if changes && !followed.contains(&tell.span) {
                states.remove(&tell.target);
            }
        });
    }

    fn block(&mut self, block: &Block) {
        for step in flat(&block.steps) {
            self.step(step);
        }
    }

    fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Expect(id) => {
                let expectation = self.checker.scenario.expectation(*id);
                if !expectation.qualifier.is_late() {
                    let fixed = |time: &Expr| highest(time).and_then(|time| time.to_duration());
                    let left = match &expectation.qualifier {
                        Qualifier::Now => Some(Duration::ZERO),
                        Qualifier::Within(time) => fixed(time),
                        _ => None,
                    };
                    self.expected(&expectation.condition, left);
                    if left != Some(Duration::ZERO) {
                        self.time_passes();
                    }
                }
            }
            StepKind::WaitUntil { condition, .. } => {
                self.expected(condition, None);
                self.time_passes();
            }
            StepKind::Note(_) => {}
            StepKind::Tell(tell) if tell.duration.is_none() => {}
            StepKind::Load(load) if load.duration.is_none() && load.times.is_none() => {}
            _ => self.time_passes(),
        }
        match &step.kind {
            StepKind::Tell(tell) => self.tell(tell),
            StepKind::Phase { body, .. } => self.block(body),
            StepKind::Repeat { body, .. } | StepKind::ForEach { body, .. } => {
                // A pass begins as the one before it left it.
                self.forget(body);
                self.block(body);
                self.forget(body);
            }
            _ => {}
        }
    }

    /// What was killed may be back.
    fn time_passes(&mut self) {
        for state in self.states.values_mut().filter(|state| matches!(state, State::Back(..))) {
            *state = State::Runs;
        }
    }

    /// Of what is told in a block nothing is known any more.
    fn forget(&mut self, block: &Block) {
        for tell in in_order(block) {
            if let Some(state) = self.states.get_mut(&tell.target) {
                *state = State::Unknown;
            }
        }
    }

    fn tell(&mut self, tell: &Tell) {
        let Some(state) = self.states.get(&tell.target).copied() else { return };
        let process = self.checker.scenario.target(tell.target);
        let comes_back = process.setting("restart").is_some();
        let next = match tell.verb.name {
            "start" => {
                if matches!(state, State::Runs) && comes_back {
                    self.found.push(mistake::stopped::runs_already(tell.span, &process.name));
                }
                State::Runs
            }
            "stop" | "kill" if tell.duration.is_some() => State::Runs,
            "stop" => State::Down(Why::Stopped, tell.span),
            "kill" if comes_back => match back_after(process) {
                Some(delay) => State::Back(delay, tell.span),
                None => state,
            },
            "kill" => State::Down(Why::Killed, tell.span),
            "restart" => State::Runs,
            "signal" | "send" => State::Unknown,
            _ => state,
        };
        self.states.insert(tell.target, next);
    }

    /// What is waited for, so long where that is known: that a process runs which does not is told.
    fn expected(&mut self, condition: &Expr, left: Option<Duration>) {
        match &condition.kind {
            ExprKind::Binary(BinaryOperator::And, one, other) => {
                self.expected(one, left);
                self.expected(other, left);
            }
            _ => {
                let Some(target) = presence_read(&self.checker.scenario, condition) else { return };
                let Some(state) = self.states.get(&target).copied() else { return };
                let process: &Target = self.checker.scenario.target(target);
                self.found.push(match (state, left) {
                    (State::Back(delay, span), Some(left)) if left < delay => {
                        mistake::stopped::not_back_yet(condition.span, &process.name, delay, left, span)
                    }
                    (State::Down(why, span), _) => {
                        let comes_back = process.setting("restart").is_some();
                        let written = self.checker.sources.text(span);
                        mistake::stopped::not_started_again(
                            span,
                            (&process.name, written),
                            condition.span,
                            (why, comes_back),
                        )
                    }
                    _ => return,
                });
                self.states.insert(target, State::Unknown);
            }
        }
    }
}

/// How long after a crash a process is started again, where the file fixes it.
fn back_after(process: &Target) -> Option<Duration> {
    let Some(Argued::Value(delay)) = process.setting("after")?.values.first() else { return None };
    lowest(delay)?.to_duration()
}

/// What is told in the order of the story: not what runs beside it, or is picked, or called.
fn in_order(block: &Block) -> Vec<&Tell> {
    let mut tells = Vec::new();
    for step in flat(&block.steps) {
        match &step.kind {
            StepKind::Tell(tell) => tells.push(tell),
            StepKind::Phase { body, .. } | StepKind::Repeat { body, .. } | StepKind::ForEach { body, .. } => {
                tells.extend(in_order(body));
            }
            _ => {}
        }
    }
    tells
}
