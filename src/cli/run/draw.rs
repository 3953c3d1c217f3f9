//! Drawing a missed expectation at its line of the scenario.

use crate::check::scenario::{Scenario, StepKind};
use crate::check::walk::visit_steps;
use crate::diag::human::{self, Style};
use crate::event::Judged;
use crate::lang::demand::Demand;
use crate::source::{Sources, Span};
use crate::ui::missed;
use std::sync::Arc;

/// Where an expectation or a `wait until` stands, and what its judgements say of it.
struct Place {
    line: u32,
    demand: &'static str,
    text: String,
    span: Span,
}

/// A function that draws judgements of this scenario.
pub fn at_its_line(sources: Arc<Sources>, scenario: &Scenario, style: Style) -> crate::ui::Draw {
    let place = |expectation: &crate::check::scenario::Expectation| Place {
        line: sources.line(expectation.span),
        demand: expectation.demand.word(),
        text: expectation.text.clone(),
        span: expectation.span,
    };
    let mut places: Vec<Place> = scenario.expectations.iter().map(place).collect();
    visit_steps(scenario, &mut |step| {
        if let StepKind::WaitUntil { condition, .. } = &step.kind {
            places.push(Place {
                line: sources.line(step.span),
                demand: Demand::Expect.word(),
                text: sources.text(condition.span).trim().to_owned(),
                span: step.span,
            });
        }
    });
    Box::new(move |judged| {
        let found = missed::diagnostic(judged, find(&places, judged)?)?;
        Some(human::render(&sources, &[found], style))
    })
}

/// The same line may stand in two files, and two expectations on one line; the text tells them apart. A judgement's
/// text begins with the condition and goes on with its qualifier.
fn find(places: &[Place], judged: &Judged) -> Option<Span> {
    let same = |place: &&Place| place.line == judged.line && place.demand == judged.demand;
    let by_text = places.iter().filter(same).find(|place| judged.text.starts_with(&place.text));
    by_text.or_else(|| places.iter().find(same)).map(|place| place.span)
}
