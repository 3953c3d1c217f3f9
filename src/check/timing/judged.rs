//! Expectations and curves beside the time that they have: windows, tolerances and samples that do not fit into it.

use super::super::lints::is_sampled;
use super::super::mistake;
use super::super::scenario::{Arrival, Expectation, Load, Qualifier, Tolerance};
use super::{Limit, Walk};
use crate::lang::expr::{ExpectationId, ExprKind};
use crate::source::Span;
use std::time::Duration;

impl Walk<'_> {
    /// A curve that spans more time than its load lasts. A length that is a name's may have been made shorter by a param.
    pub(super) fn plays_its_curve(&mut self, load: &Load, limit: Option<&Limit>) {
        let Arrival::Rate(arrivals) = &load.arrival else { return };
        let Some((_, Some(period))) = &arrivals.shaped else { return };
        let lasts = match &load.duration {
            Some(duration) if self.is_literal(duration.span) => self.longest(duration),
            Some(_) => None,
            None => limit.filter(|limit| self.is_literal(limit.span)).map(|limit| limit.left),
        };
        let spans = self.shortest(period);
        if let Some(lasts) = lasts.filter(|lasts| *lasts < spans && self.is_literal(period.span)) {
            self.report(mistake::stopped::curve_cut(period.span, spans, lasts));
        }
    }

    /// What must hold always, in a block that may lie between two samples of it.
    pub(super) fn between_samples(&mut self, expectation: &Expectation, limit: Option<&Limit>) {
        let Some(limit) = limit.filter(|_| matches!(expectation.qualifier, Qualifier::Always)) else {
            return;
        };
        let mut found = None;
        expectation.condition.walk(&mut |part| {
            let ExprKind::Measure { series, .. } = &part.kind else { return };
            let series = self.scenario.series(*series);
            if is_sampled(self.scenario, series) && series.every > limit.left {
                found.get_or_insert((part.span, series));
            }
        });
        if let Some((span, series)) = found {
            self.report(mistake::sampled::always_between_samples(
                span,
                limit.left,
                &series.name,
                series.every,
            ));
        }
    }

    /// Whether a length is written as such, by itself or at the end of a head.
    pub(super) fn is_literal(&self, place: Span) -> bool {
        let written = self.sources.text(place).split_ascii_whitespace().next_back().unwrap_or("");
        written.starts_with(|first: char| first.is_ascii_digit())
    }

    /// A tolerance as long as the time that is judged, which is never missed.
    pub(super) fn tolerates_all(&mut self, expectation: &Expectation, limit: Option<&Limit>) {
        let Some(Tolerance::Time(time)) = &expectation.tolerate else { return };
        let always = matches!(expectation.qualifier, Qualifier::Always);
        let judged = limit.map(|limit| limit.left).filter(|_| always);
        let tolerated = self.shortest(time);
        if let Some(judged) = judged.filter(|judged| *judged <= tolerated && !judged.is_zero()) {
            self.report(mistake::time::never_missed(time.span, tolerated, judged));
        }
    }

    /// Keeps when an expectation is judged at the latest.
    pub(super) fn judged_at(&mut self, id: ExpectationId, qualifier: &Qualifier) {
        let waits = match qualifier {
            Qualifier::Now => Some(Duration::ZERO),
            Qualifier::Within(time) => self.longest(time),
            _ => None,
        };
        let fixed = !self.open && self.history.is_in_order();
        let judged = waits.filter(|_| fixed).map(|waits| self.elapsed.saturating_add(waits));
        let latest = self.judged.entry(id).or_insert(judged);
        *latest = latest.zip(judged).map(|(one, other)| one.max(other));
    }
}
