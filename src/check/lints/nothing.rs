//! A scenario that does something and expects nothing always passes.

use super::super::mistake;
use super::super::scenario::{IterationStep, StepKind};
use super::super::state::Checker;
use super::super::walk::visit_steps;
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn nothing_lint(&mut self) {
        if !self.scenario.expectations.is_empty() || !self.has_story() || self.only_declares() {
            return;
        }
        // A check in the story counts as an expectation.
        let mut checked = false;
        visit_steps(&self.scenario, &mut |step| {
            if let StepKind::Tell(tell) = &step.kind {
                checked |= tell.checks.iter().any(|check| matches!(check, IterationStep::Check { .. }));
            }
        });
        if !checked {
            let first = self.scenario.story.steps.first().map(|step| step.span);
            let span = self.titled.or(first).unwrap_or(self.scenario.story.span);
            // Of a statement with a block its first line is enough.
            let line = self.sources.text(span).lines().next().map_or(0, str::len) as u32;
            self.report(mistake::lint::expects_nothing(Span::new(span.start, span.start + line)));
        }
    }
}
