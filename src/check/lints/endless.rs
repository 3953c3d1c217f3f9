//! Waits that nothing limits: neither `max` nor a block around that lasts as long as it says.

use super::super::mistake;
use super::super::scenario::{Block, Repeat, StepKind};
use super::super::state::Checker;
use super::super::walk::flat;
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn endless_lint(&mut self) {
        let mut endless = Vec::new();
        let scenario = &self.scenario;
        scenario.setup.iter().chain([&scenario.story]).for_each(|block| unlimited(block, &mut endless));
        self.found.extend(endless.into_iter().map(mistake::stopped::endless));
    }
}

/// The conditions of such waits.
fn unlimited(block: &Block, found: &mut Vec<Span>) {
    for step in flat(&block.steps) {
        match &step.kind {
            StepKind::WaitUntil { condition, max: None } => found.push(condition.span),
            StepKind::Repeat { count: Repeat::Until { condition, max }, body } => {
                match max {
                    None => found.push(condition.span),
                    // A pass is not cut.
                    Some(_) => unlimited(body, found),
                }
            }
            StepKind::Phase { duration: None, body, .. }
            | StepKind::Repeat { count: Repeat::Times(_), body }
            | StepKind::ForEach { body, .. }
            | StepKind::At { body, .. } => unlimited(body, found),
            StepKind::Parallel { branches } => branches.iter().for_each(|branch| unlimited(branch, found)),
            _ => {}
        }
    }
}
