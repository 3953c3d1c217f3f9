//! Expectations and curves beside the time that they have: windows, tolerances and samples that do not fit into it.

use super::super::lints::is_sampled;
use super::super::mistake;
use super::super::scenario::{
    Arrival, Block, Expectation, Load, LoadSubject, Origin, Qualifier, StepKind, Tolerance,
};
use super::{Limit, Walk};
use crate::lang::expr::{ExpectationId, ExprKind, Window};
use crate::source::Span;
use std::collections::HashMap;
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

    /// Expectations that are branches by themselves, beside the loads that they read.
    pub(super) fn judged_beside(&mut self, branches: &[Block]) {
        let mut loads: HashMap<LoadSubject, Span> = HashMap::new();
        for step in branches.iter().flat_map(|branch| branch.steps.first()) {
            if let StepKind::Load(load) = &step.kind {
                loads.insert(load.subject, step.span);
            }
        }
        for step in branches.iter().flat_map(|branch| branch.steps.first()).filter(|_| !loads.is_empty()) {
            let StepKind::Expect(id) = &step.kind else { continue };
            let expectation = self.scenario.expectation(*id);
            if !matches!(expectation.qualifier, Qualifier::Now) {
                continue;
            }
            let mut beside = None;
            expectation.condition.walk(&mut |part| {
                let ExprKind::Measure { series, window: Window::Block, .. } = &part.kind else { return };
                let Origin::Load { subject, .. } = self.scenario.series(*series).origin else { return };
                let load = loads.get(&subject).filter(|_| !self.history.began_before(subject, &loads));
                beside = beside.or(load.map(|load| (part.span, subject, *load)));
            });
            if let Some((span, subject, load)) = beside {
                self.report(mistake::time::judged_beside(span, self.scenario.subject_name(subject), load));
            }
        }
    }

    /// Keeps when an expectation is judged at the latest.
    pub(super) fn judged_at(&mut self, id: ExpectationId, qualifier: &Qualifier, limit: Option<&Limit>) {
        let waits = match qualifier {
            Qualifier::Now => Some(Duration::ZERO),
            Qualifier::Within(time) => self.longest(time),
            _ => None,
        };
        let fixed = !self.open && self.history.is_in_order();
        let after = waits.filter(|_| fixed).map(|waits| self.elapsed.saturating_add(waits));
        // Whatever happens in a block that lasts as long as it says is over at its end.
        let ends = limit.and_then(|limit| limit.ends);
        let judged = after.into_iter().chain(ends).min();
        let latest = self.judged.entry(id).or_insert(judged);
        *latest = latest.zip(judged).map(|(one, other)| one.max(other));
    }
}
