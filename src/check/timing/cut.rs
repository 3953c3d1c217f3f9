//! Loads that end before any iteration of theirs can, so that what is judged of them never has a value.

use super::super::accept::lowest;
use super::super::compared::{compared, success_asked};
use super::super::mistake;
use super::super::scenario::{ConversationStep, IterationStep, Load, LoadSubject, Origin, Scenario};
use super::super::walk::conditions;
use super::{Limit, Walk};
use crate::diag::Diagnostic;
use crate::lang::expr::{ActionId, Expr, ExprKind};
use crate::lang::types::Shape;
use crate::source::{Sources, Span};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// How long what is in flight at the end of a load may go on.
const GRACE: Duration = Duration::from_secs(5);

/// Loads by what they run, and whether each of them ends too early.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// The first load, how long an iteration takes at least, and how long the load lasts.
    cut: HashMap<ActionId, (Span, Duration, Duration)>,
    /// What some load has time for, or may have.
    whole: HashSet<ActionId>,
}

impl Walk<'_> {
    /// Keeps whether any iteration of a load can end.
    pub(super) fn has_time(&mut self, load: &Load, limit: Option<&Limit>, span: Span) {
        let lasts = match (&load.duration, &load.times) {
            (Some(duration), _) => self.longest(duration),
            (None, None) => limit.map(|limit| limit.left),
            (None, Some(_)) => None,
        };
        self.around.take_drawn();
        for action in self.scenario.actions_of(load.subject) {
            let least = *self.least.entry(action).or_insert_with(|| least(self.scenario, action));
            match lasts.filter(|lasts| lasts.saturating_add(GRACE) < least) {
                Some(lasts) => drop(self.cut.cut.entry(action).or_insert((span, least, lasts))),
                None => drop(self.cut.whole.insert(action)),
            }
        }
    }
}

impl Cut {
    /// What is judged of loads that no iteration of ends.
    pub fn findings(&self, scenario: &Scenario, sources: &Sources) -> Vec<Diagnostic> {
        let mut judged: HashMap<ActionId, Span> = HashMap::new();
        conditions(scenario, &mut |condition| {
            condition.walk(&mut |part| {
                let Some((LoadSubject::Action(action), span)) = needs_an_end(scenario, sources, part) else {
                    return;
                };
                judged.entry(action).or_insert(span);
            });
        });
        let mut found = Vec::new();
        for (action, (load, least, lasts)) in &self.cut {
            if let Some(read) = judged.get(action).filter(|_| !self.whole.contains(action)) {
                let name = &scenario.action(*action).name;
                found.push(mistake::stopped::never_ends(*load, name, *least, *lasts, *read));
            }
        }
        found.sort_by_key(Diagnostic::span);
        found
    }
}

/// What an iteration takes at least: its pauses, and what it holds.
fn least(scenario: &Scenario, action: ActionId) -> Duration {
    let fixed = |time: &Expr| lowest(time).and_then(|time| time.to_duration()).unwrap_or_default();
    let held = |step: &ConversationStep| match step {
        ConversationStep::Hold(time) => fixed(time),
        _ => Duration::ZERO,
    };
    let lasts = |step: &IterationStep| match step {
        IterationStep::Think { duration, .. } => fixed(duration),
        IterationStep::Tell { tell, .. } => {
            tell.conversation.iter().map(held).fold(Duration::ZERO, Duration::saturating_add)
        }
        _ => Duration::ZERO,
    };
    scenario.action(action).steps.iter().map(lasts).fold(Duration::ZERO, Duration::saturating_add)
}

/// The load whose iterations must have ended, and well, for a condition to hold: what a fault ends is an error.
fn needs_an_end(scenario: &Scenario, sources: &Sources, part: &Expr) -> Option<(LoadSubject, Span)> {
    if let Some((subject, ..)) = success_asked(scenario, sources, part) {
        return Some((subject, compared(part)?.0.span));
    }
    let (read, ..) = compared(part)?;
    let ExprKind::Measure { series, .. } = &read.kind else { return None };
    let series = scenario.series(*series);
    match series.origin {
        Origin::Load { subject, reading: "latency" | "service_time" }
            if series.shape == Shape::Distribution =>
        {
            Some((subject, read.span))
        }
        _ => None,
    }
}
