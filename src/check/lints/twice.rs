//! The same said twice in one place: expectations beside each other, loads that run together.

use super::super::mistake;
use super::super::scenario::{Arrival, Block, Load, Step, StepKind};
use super::super::state::Checker;
use super::super::walk::{blocks, flat};
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn twice_lint(&mut self) {
        let mut found = Vec::new();
        let mut look = |block: &Block| self.twice_in(&flat(&block.steps), &mut found);
        blocks(&self.scenario, &mut look);
        for (second, first, loads) in found {
            self.report(mistake::lint::twice(second, first, loads));
        }
    }

    fn twice_in(&self, steps: &[&Step], found: &mut Vec<(Span, Span, bool)>) {
        let mut together: Vec<Said<'_>> = Vec::new();
        let mut loads: Vec<Said<'_>> = Vec::new();
        for step in steps {
            match &step.kind {
                StepKind::Expect(id) => {
                    let expectation = self.scenario.expectation(*id);
                    let from = Span::new(expectation.condition.span.start, step.span.end);
                    let said = Said {
                        text: self.sources.text(from),
                        kind: expectation.demand.word(),
                        span: step.span,
                    };
                    note(said, &mut together, found, false);
                }
                StepKind::Load(load) if goes_on(load) => {
                    together.clear();
                    let said = Said { text: self.sources.text(step.span), kind: "load", span: step.span };
                    note(said, &mut loads, found, true);
                }
                StepKind::Note(_) => {}
                // What is judged behind it is judged at another time.
                _ => together.clear(),
            }
        }
    }
}

/// A statement, by what it says.
struct Said<'t> {
    text: &'t str,
    kind: &'static str,
    span: Span,
}

fn note<'t>(said: Said<'t>, before: &mut Vec<Said<'t>>, found: &mut Vec<(Span, Span, bool)>, loads: bool) {
    let same = |other: &&Said<'t>| {
        other.kind == said.kind && other.text.split_whitespace().eq(said.text.split_whitespace())
    };
    match before.iter().find(same) {
        Some(first) => found.push((said.span, first.span, loads)),
        None => before.push(said),
    }
}

/// Whether a load goes on beside what follows it.
fn goes_on(load: &Load) -> bool {
    load.duration.is_none()
        && load.times.is_none()
        && matches!(load.arrival, Arrival::Rate(_) | Arrival::Users { .. })
}
