//! Ways through a checked scenario: every statement, everything that is told, every expression.

use super::scenario::{
    Argued, Argument, Block, ConversationStep, IterationStep, Origin, Repeat, Scenario, Step, StepKind, Tell,
};
use crate::lang::expr::{Expr, TargetId};
use std::collections::HashSet;

/// Calls `visit` with every statement of the scenario, outer ones before those inside them.
pub fn visit_steps<'s>(scenario: &'s Scenario, visit: &mut dyn FnMut(&'s Step)) {
    let blocks = scenario.setup.iter().chain([&scenario.story]).chain(&scenario.cleanup);
    let blocks = blocks.chain(scenario.sequences.iter().map(|sequence| &sequence.body));
    blocks.for_each(|block| visit_block(block, visit));
}

/// Calls `visit` with every statement of a block, outer ones before those inside them.
pub fn visit_block<'s>(block: &'s Block, visit: &mut dyn FnMut(&'s Step)) {
    block.steps.iter().for_each(|step| visit_nested(step, visit));
}

fn visit_nested<'s>(step: &'s Step, visit: &mut dyn FnMut(&'s Step)) {
    visit(step);
    match &step.kind {
        StepKind::Phase { body, .. }
        | StepKind::Repeat { body, .. }
        | StepKind::ForEach { body, .. }
        | StepKind::Group(body)
        | StepKind::Every { body, .. }
        | StepKind::At { body, .. } => visit_block(body, visit),
        StepKind::Parallel { branches } => branches.iter().for_each(|branch| visit_block(branch, visit)),
        StepKind::Choose(branches) => branches.iter().for_each(|(_, step)| visit_nested(step, visit)),
        StepKind::Tell(_)
        | StepKind::Load(_)
        | StepKind::Expect(_)
        | StepKind::Do { .. }
        | StepKind::Wait(_)
        | StepKind::WaitUntil { .. }
        | StepKind::Run { .. }
        | StepKind::Note(_) => {}
    }
}

/// Calls `look` with every block of statements that follow each other.
pub fn blocks<'s>(scenario: &'s Scenario, look: &mut dyn FnMut(&'s Block)) {
    let outer = scenario.setup.iter().chain([&scenario.story]).chain(&scenario.cleanup);
    outer.chain(scenario.sequences.iter().map(|sequence| &sequence.body)).for_each(&mut *look);
    visit_steps(scenario, &mut |step| match &step.kind {
        StepKind::Phase { body, .. }
        | StepKind::Repeat { body, .. }
        | StepKind::ForEach { body, .. }
        | StepKind::Every { body, .. }
        | StepKind::At { body, .. } => look(body),
        StepKind::Parallel { branches } => branches.iter().for_each(&mut *look),
        _ => {}
    });
}

/// The statements of a block, those in braces that only group them in their stead.
pub fn flat(steps: &[Step]) -> Vec<&Step> {
    let mut flattened = Vec::with_capacity(steps.len());
    for step in steps {
        match &step.kind {
            StepKind::Group(body) => flattened.extend(flat(&body.steps)),
            _ => flattened.push(step),
        }
    }
    flattened
}

/// Calls `visit` with everything that a target is told, in the story and in actions.
pub fn visit_tells<'s>(scenario: &'s Scenario, visit: &mut dyn FnMut(&'s Tell)) {
    visit_steps(scenario, &mut |step| {
        if let StepKind::Tell(tell) = &step.kind {
            visit(tell);
        }
    });
    for action in &scenario.actions {
        for step in &action.steps {
            if let IterationStep::Tell { tell, .. } = step {
                visit(tell);
            }
        }
    }
}

/// Calls `look` with everything that is judged or waited for, and with what metrics are composed of.
pub fn conditions(scenario: &Scenario, look: &mut dyn FnMut(&Expr)) {
    scenario.expectations.iter().for_each(|expectation| look(&expectation.condition));
    visit_steps(scenario, &mut |step| match &step.kind {
        StepKind::WaitUntil { condition, .. }
        | StepKind::Repeat { count: Repeat::Until { condition, .. }, .. } => look(condition),
        StepKind::Note(text) => look(text),
        _ => {}
    });
    for series in &scenario.series {
        if let Origin::Derived(expr) = &series.origin {
            look(expr);
        }
    }
}

/// The targets that are told a fault anywhere.
pub fn faulted(scenario: &Scenario) -> HashSet<TargetId> {
    told(scenario, |tell| tell.verb.fault)
}

/// The targets that are told, anywhere, what counts.
pub fn told(scenario: &Scenario, counts: impl Fn(&Tell) -> bool) -> HashSet<TargetId> {
    let mut told = HashSet::new();
    visit_tells(scenario, &mut |tell| {
        if counts(tell) {
            told.insert(tell.target);
        }
    });
    told
}

/// What one target is told, wherever that stands.
pub fn tells_of(scenario: &Scenario, target: TargetId) -> Vec<&Tell> {
    let mut found = Vec::new();
    visit_tells(scenario, &mut |tell| {
        if tell.target == target {
            found.push(tell);
        }
    });
    found
}

/// Calls `visit` with the expressions of what a target is told, checks on its answer included.
pub fn visit_tell<'s>(tell: &'s Tell, visit: &mut dyn FnMut(&'s Expr)) {
    visit_arguments(&tell.arguments, visit);
    if let Some(duration) = &tell.duration {
        visit(duration);
    }
    for step in &tell.conversation {
        match step {
            ConversationStep::Send(argument) | ConversationStep::Receive(Some(argument)) => {
                visit_arguments(std::slice::from_ref(argument), visit);
            }
            ConversationStep::Receive(None) => {}
            ConversationStep::Hold(duration) => visit(duration),
            ConversationStep::Look(line) => visit_look(line, visit),
        }
    }
    tell.checks.iter().for_each(|line| visit_look(line, visit));
}

fn visit_look<'s>(line: &'s IterationStep, visit: &mut dyn FnMut(&'s Expr)) {
    if let IterationStep::Check { condition: expr, .. } | IterationStep::Capture { value: expr, .. } = line {
        visit(expr);
    }
}

/// Calls `visit` with the expressions of settings or arguments.
pub fn visit_arguments<'s>(arguments: &'s [Argument], visit: &mut dyn FnMut(&'s Expr)) {
    for value in arguments.iter().flat_map(|argument| &argument.values) {
        if let Argued::Value(expr) | Argued::Probe(_, expr) = value {
            visit(expr);
        }
    }
}
