//! `want`, `expect`, `require`.

use super::mistake;
use super::scenario::{Expectation, Qualifier, Tolerance};
use super::state::{Checker, unknown};
use crate::lang::expr::{ExpectationId, Expr, ExprKind};
use crate::lang::quantity::Dimension;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::ast;

impl Checker<'_> {
    /// An expectation, with its place in the list.
    pub fn expectation(&mut self, written: &ast::Expect, span: Span) -> ExpectationId {
        let text = self.sources.text(written.condition.span).to_string();
        let name = match &written.name {
            Some(name) => {
                let name = self.text(name);
                self.no_secret(&name, "a name");
                name
            }
            None => Expr {
                kind: ExprKind::Constant(Value::Text(text.clone())),
                ty: Type::Text,
                span: written.condition.span,
            },
        };
        let condition = self.condition(&written.condition);
        self.no_secret(&condition, "a condition");
        let tolerate =
            written.tolerate.as_ref().and_then(|tolerate| self.tolerance(tolerate, &written.qualifier));
        let expectation = Expectation {
            demand: written.demand,
            name,
            condition,
            text,
            qualifier: self.qualifier(&written.qualifier),
            tolerate,
            show: written.show.as_ref().and_then(|show| self.show_query(show)),
            span,
        };
        let id = ExpectationId(self.scenario.expectations.len() as u32);
        self.scenario.expectations.push(expectation);
        if let Some(siblings) = self.siblings.last_mut() {
            siblings.push(id);
        }
        id
    }

    fn qualifier(&mut self, written: &ast::Qualifier) -> Qualifier {
        match written {
            ast::Qualifier::Now => Qualifier::Now,
            ast::Qualifier::Always => Qualifier::Always,
            ast::Qualifier::Sometimes => Qualifier::Sometimes,
            ast::Qualifier::AtEnd => Qualifier::AtEnd,
            ast::Qualifier::Within(within) => Qualifier::Within(self.positive_duration(within, "`within`")),
            ast::Qualifier::For(stretch) => Qualifier::For(self.positive_duration(stretch, "`for`")),
            ast::Qualifier::ForWithin { stretch, within } => {
                let stretch = self.positive_duration(stretch, "`for`");
                let within = self.positive_duration(within, "`within`");
                let ends = super::accept::lowest(&stretch).zip(super::accept::highest(&within));
                if ends
                    .and_then(|(stretch, within)| stretch.compare(within))
                    .is_some_and(|order| order.is_gt())
                {
                    let (short, long) = (self.sources.text(within.span), self.sources.text(stretch.span));
                    let better = format!("for {short} within {long}");
                    self.report(mistake::time::stretch_too_long(stretch.span, within.span, &better));
                }
                Qualifier::ForWithin { stretch, within }
            }
        }
    }

    fn tolerance(&mut self, written: &ast::Expr, qualifier: &ast::Qualifier) -> Option<Tolerance> {
        let value = self.value(written);
        if !matches!(qualifier, ast::Qualifier::Always) {
            self.report(mistake::measure::tolerate_without_always(written.span));
            return None;
        }
        match value.ty {
            Type::Unknown => None,
            Type::Quantity { dimension: Dimension::TIME, .. } => {
                self.expect_duration(&value, "`tolerate`").then_some(Tolerance::Time(value))
            }
            Type::Quantity { dimension: Dimension::NONE, percent: true } => {
                let good = super::infer::constant_quantity(&value)
                    .is_none_or(|share| (0.0..=1.0).contains(&share.to_f64()));
                if !good {
                    self.report(mistake::values::not_a_share(&value, "`tolerate`", 100));
                }
                good.then_some(Tolerance::Share(value))
            }
            _ => {
                let likely =
                    super::infer::likely_literal(&value, &Type::DURATION, super::infer::Meant::Lasting);
                self.report(mistake::types::wrong(&value, "a duration or a percentage", likely));
                None
            }
        }
    }

    /// An expression of text, or nothing known.
    pub fn shown_text(&mut self, written: &ast::Text, what: &str) -> Expr {
        let text = self.text(written);
        if text.ty != Type::Unknown && !self.no_secret(&text, what) {
            return unknown(written.span);
        }
        text
    }
}
