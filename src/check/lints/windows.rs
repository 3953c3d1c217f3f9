//! Windows that are shorter than the time between two samples of what they read, which are mostly empty, and those that
//! are longer than the run, which are never full.

use super::super::accept::{highest, lowest};
use super::super::mistake;
use super::super::scenario::{Origin, Qualifier, Scenario, Series};
use super::super::state::Checker;
use super::super::walk::conditions;
use crate::lang::expr::{Expr, ExprKind, Window};
use crate::lang::function::{Aggregate, SourceKind};

impl Checker<'_> {
    pub(super) fn window_lint(&mut self) {
        let mut found = Vec::new();
        let scenario = &self.scenario;
        let lasts = self.story_lasts.filter(|lasts| !lasts.is_zero());
        let mut look = |expr: &Expr| {
            expr.walk(&mut |part| {
                let ExprKind::Measure { series, aggregate, window: Window::Over(length) } = &part.kind else {
                    return;
                };
                let series = scenario.series(*series);
                let samples = if *aggregate == Aggregate::Growth { 2 } else { 1 };
                let Some(window) = highest(length).and_then(|length| length.to_duration()) else { return };
                if is_sampled(scenario, series) && window < series.every.saturating_mul(samples) {
                    found.push(mistake::sampled::short_window(
                        length.span,
                        window,
                        &series.name,
                        series.every,
                        samples,
                    ));
                }
                let least = lowest(length).and_then(|length| length.to_duration()).unwrap_or(window);
                if let Some(lasts) = lasts
                    && least > lasts
                {
                    found.push(mistake::sampled::window_beyond(length.span, least, lasts));
                }
            });
        };
        conditions(scenario, &mut look);
        for (id, judged) in &self.judged_after {
            let lasted = lasts.map_or(*judged, |lasts| lasts.min(*judged));
            if lasted.is_zero() {
                continue;
            }
            scenario.expectation(*id).condition.walk(&mut |part| {
                let ExprKind::Measure { window: Window::Over(length), .. } = &part.kind else { return };
                let Some(least) = lowest(length).and_then(|length| length.to_duration()) else { return };
                if least > lasted && lasts.is_none_or(|lasts| lasts > lasted) {
                    found.push(mistake::sampled::window_before(length.span, least, lasted));
                }
            });
        }
        for expectation in &scenario.expectations {
            let Qualifier::Within(within) = &expectation.qualifier else { continue };
            let Some(length) = highest(within).and_then(|length| length.to_duration()) else { continue };
            expectation.condition.walk(&mut |part| {
                let ExprKind::Measure { series, .. } = &part.kind else { return };
                let series = scenario.series(*series);
                if is_sampled(scenario, series) && series.every > length {
                    found.push(mistake::sampled::within_of_no_sample(
                        within.span,
                        length,
                        &series.name,
                        series.every,
                    ));
                }
            });
        }
        // One window may be given to several readings at once.
        found.dedup_by_key(|finding| finding.span());
        self.found.extend(found);
    }
}

/// Readings that soak is told of at each change.
const TOLD: &[&str] = &["up", "ready", "restarts", "exit_code"];

/// Whether a series has a value at each tick only; what is followed, loaded or accounted for has one at each event.
pub(in crate::check) fn is_sampled(scenario: &Scenario, series: &Series) -> bool {
    match &series.origin {
        Origin::Target { target, reading, .. } => {
            scenario.target(*target).kind.name != "process" || !TOLD.contains(&reading.name)
        }
        Origin::Source { source, .. } => !matches!(source.source, SourceKind::Lines | SourceKind::Capture),
        Origin::Derived(_) => true,
        Origin::Load { .. } | Origin::Capture { .. } | Origin::Ledger { .. } => false,
    }
}
