//! Loops of one fault with nothing behind it: each pass begins as the one before it ends, so that it never ends.

use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::scenario::{Repeat, Step, StepKind, Tell};
use super::super::state::Checker;
use super::super::walk::{flat, visit_steps};
use crate::lang::signature::Nature;

impl Checker<'_> {
    pub(super) fn gapless_lint(&mut self) {
        let mut found = Vec::new();
        visit_steps(&self.scenario, &mut |step| {
            let StepKind::Repeat { count, body } = &step.kind else { return };
            let passes = match count {
                Repeat::Times(times) => match constant_quantity(times).and_then(|times| times.to_count()) {
                    Some(0 | 1) => return,
                    Some(times) => times.to_string(),
                    None => "all".into(),
                },
                Repeat::For(_) | Repeat::Until { .. } => "all".into(),
            };
            let steps = flat(&body.steps);
            let steps: Vec<_> = steps.iter().filter(|step| !matches!(step.kind, StepKind::Note(_))).collect();
            let at_once = |step: &&&Step| match &step.kind {
                StepKind::Tell(tell) => {
                    tell.verb.fault
                        && tell.duration.is_none()
                        && matches!(tell.verb.nature, Nature::Act { .. })
                        && !self.brings_back(tell)
                }
                _ => false,
            };
            if let Some(first) = steps.first()
                && steps.iter().all(at_once)
                && !matches!(count, Repeat::Until { .. })
            {
                let last = steps.last().map_or(first.span, |last| last.span);
                let written = self.sources.text(last);
                found.push(mistake::worded::all_at_once(last, &passes, &format!("{written}; wait 10s")));
                return;
            }
            let [only] = steps[..] else { return };
            let StepKind::Tell(tell) = &only.kind else { return };
            let Some(duration) = tell.duration.as_ref().filter(|_| tell.verb.fault) else { return };
            if !matches!(tell.verb.nature, Nature::State { .. }) {
                return;
            }
            let (written, time) = (self.sources.text(tell.span), self.sources.text(duration.span));
            let name = &self.scenario.target(tell.target).name;
            let rests = self.scenario.target(tell.target).kind.name == "link";
            let pause = if rests { format!("{name} on {time}") } else { format!("wait {time}") };
            found.push(mistake::worded::no_gap(tell.span, &passes, &format!("{written}; {pause}")));
        });
        self.found.extend(found);
    }

    /// Whether what is told takes until its target is back or gone.
    fn brings_back(&self, tell: &Tell) -> bool {
        matches!(tell.verb.name, "start" | "stop" | "restart")
            || self.scenario.target(tell.target).kind.name == "disk"
    }
}
