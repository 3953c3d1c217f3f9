//! Metrics: a source, a reading under a name of its own, or a composition of others.

use super::infer::{Readout, ReadoutOrigin, Term, constant_quantity, derived_shape, gives_json};
use super::mistake;
use super::scenario::Origin;
use super::series::NewSeries;
use super::state::{Checker, Place, Progress};
use crate::lang::expr::Window;
use crate::lang::function::find_source;
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast;
use std::time::Duration;

/// The shortest time between two samples.
const MIN_EVERY: Duration = Duration::from_millis(1);

impl Checker<'_> {
    /// Every metric, used or not.
    pub fn resolve_metrics(&mut self) {
        for index in 0..self.metrics.len() {
            self.metric(index, self.metrics[index].name.span);
        }
    }

    /// What a metric reads, as it is used at `span`; `None` where it is wrong, which has been said.
    pub fn metric(&mut self, index: usize, span: Span) -> Option<Readout> {
        match std::mem::replace(&mut self.metrics[index].state, Progress::Busy) {
            Progress::Done(readout) => {
                self.metrics[index].state = Progress::Done(readout.clone());
                readout.map(|readout| Readout { span, ..readout })
            }
            Progress::Busy => {
                let name = self.metrics[index].name;
                self.report(mistake::names::defined_by_itself(span, &name.text, name.span));
                None
            }
            Progress::Waiting => {
                let locals = std::mem::take(&mut self.locals);
                let iteration = self.iteration.take();
                let every = self.metric_every.take();
                let readout = self.at_place(Place::Metric, |checker| checker.resolve_metric(index));
                (self.locals, self.iteration, self.metric_every) = (locals, iteration, every);
                self.metrics[index].state = Progress::Done(readout.clone());
                readout.map(|readout| Readout { span, ..readout })
            }
        }
    }

    fn resolve_metric(&mut self, index: usize) -> Option<Readout> {
        let (name, written) = (self.metrics[index].name, self.metrics[index].written);
        self.metric_every = self.metrics[index].every.and_then(|every| self.sample_interval(every));
        if let Some(readout) = self.source_metric(name, written) {
            return readout;
        }
        match self.term(written) {
            // Another name of the same readings.
            Term::Readout(readout @ Readout { window: Window::Block, .. })
                if matches!(readout.origin, ReadoutOrigin::Series(_)) && self.metric_every.is_none() =>
            {
                Some(Readout { name: name.text.clone(), ..readout })
            }
            Term::Readout(readout @ Readout { window: Window::Block, .. }) => {
                self.copied_metric(name, readout)
            }
            other => {
                let expr = self.reduce(other);
                if expr.ty == Type::Unknown {
                    return None;
                }
                self.derived_metric(name, expr, written.span)
            }
        }
    }

    /// A metric that is one source: its series carries the metric's name.
    fn source_metric(&mut self, name: &ast::Name, written: &ast::Expr) -> Option<Option<Readout>> {
        let ast::ExprKind::Call { function, arguments } = &written.kind else { return None };
        let signature = find_source(&function.text)?;
        let origin = self.source_origin(signature, arguments, written.span);
        let (shape, dimension) = (signature.shape, signature.dimension);
        Some(origin.map(|origin| {
            let json = gives_json(signature);
            self.named_series(
                name,
                NewSeries {
                    name: name.text.clone(),
                    origin,
                    shape,
                    dimension,
                    percent: false,
                    span: name.span,
                },
                json,
            )
        }))
    }

    fn named_series(&mut self, name: &ast::Name, new: NewSeries, json: bool) -> Readout {
        let NewSeries { shape, dimension, percent, .. } = new;
        let series = self.add_series(new);
        Readout {
            origin: ReadoutOrigin::Series(series),
            shape,
            dimension,
            percent,
            json,
            window: Window::Block,
            span: name.span,
            name: name.text.clone(),
        }
    }

    /// The same readings, sampled at a pace of their own.
    fn copied_metric(&mut self, name: &ast::Name, readout: Readout) -> Option<Readout> {
        let Readout { origin, shape, dimension, percent, json, .. } = readout;
        match origin {
            ReadoutOrigin::Series(series) => {
                let origin = self.scenario.series(series).origin.clone();
                let (text, span) = (name.text.clone(), name.span);
                Some(self.named_series(
                    name,
                    NewSeries { name: text, origin, shape, dimension, percent, span },
                    json,
                ))
            }
            ReadoutOrigin::Composed { expr, .. } => {
                let span = expr.span;
                self.derived_metric(name, expr, span)
            }
        }
    }

    fn derived_metric(
        &mut self,
        name: &ast::Name,
        expr: crate::lang::expr::Expr,
        place: Span,
    ) -> Option<Readout> {
        let Some((shape, dimension, percent, json)) = derived_shape(&expr.ty) else {
            self.report(mistake::measure::not_a_metric(place, &expr.ty));
            return None;
        };
        let mut measures = false;
        expr.walk(&mut |part| measures |= matches!(part.kind, crate::lang::expr::ExprKind::Measure { .. }));
        if !measures {
            self.report(mistake::measure::metric_of_nothing(place, &name.text));
            return None;
        }
        let origin = Origin::Derived(expr.clone());
        let (text, span) = (name.text.clone(), name.span);
        let series =
            self.add_series(NewSeries { name: text.clone(), origin, shape, dimension, percent, span });
        let origin = ReadoutOrigin::Composed { series: Some(series), expr };
        Some(Readout { origin, shape, dimension, percent, json, window: Window::Block, span, name: text })
    }

    fn sample_interval(&mut self, written: &ast::Expr) -> Option<Duration> {
        let every = self.value(written);
        if !self.expect_type(&every, &Type::DURATION, "`every`") {
            return None;
        }
        let duration = constant_quantity(&every).and_then(|every| every.to_duration());
        match duration {
            Some(duration) if duration >= MIN_EVERY => Some(duration),
            _ => {
                self.report(mistake::measure::sampled_too_often(written.span, MIN_EVERY));
                None
            }
        }
    }
}
