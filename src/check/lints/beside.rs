//! Pauses that are branches of a `parallel`, beside what they were to delay.

use super::super::mistake;
use super::super::scenario::{Step, StepKind};
use super::super::state::Checker;
use super::super::walk::visit_steps;
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn beside_lint(&mut self) {
        let mut found: Vec<(Span, Span)> = Vec::new();
        visit_steps(&self.scenario, &mut |step| {
            let StepKind::Parallel { branches } = &step.kind else { return };
            for pair in branches.windows(2) {
                let [pause, next] = [&pair[0].steps[..], &pair[1].steps[..]];
                // What looks ahead waits for nothing, and what goes on has the pause for its time.
                let delayed = |next: &Step| match &next.kind {
                    StepKind::Expect(id) => !self.scenario.expectation(*id).qualifier.is_late(),
                    StepKind::Load(load) => load.duration.is_some() || load.times.is_some(),
                    _ => true,
                };
                if let ([pause], [next, ..]) = (pause, next)
                    && matches!(pause.kind, StepKind::Wait(_))
                    && delayed(next)
                {
                    found.push((pause.span, next.span));
                }
            }
        });
        for (pause, next) in found {
            let (wait, behind) = (self.sources.text(pause), self.sources.text(next));
            let short = !behind.contains(['\n', '#']);
            let better = if short { format!("{{ {wait}; {behind} }}") } else { format!("{{ {wait}; … }}") };
            let whole = pause.to(next);
            let plain = short && !self.sources.text(whole).contains('#');
            self.report(mistake::lint::pause_beside(pause, next, &better, plain.then_some(whole)));
        }
    }
}
