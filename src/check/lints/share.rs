//! A share compared with more than 100 %, or with a bare number that was meant as a percentage: the comparison is
//! decided before anything is measured. A count compared with a percentage. And a ratio that is to be below 1, which says
//! next to nothing.

use super::super::compared::turned;
use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::names::Entity;
use super::super::scenario::Origin;
use super::super::state::Checker;
use super::super::walk::conditions;
use crate::diag::Diagnostic;
use crate::lang::expr::BinaryOperator::{Greater, Less, LessOrEqual};
use crate::lang::expr::{BinaryOperator, Expr, ExprKind};
use crate::lang::function::Aggregate;
use crate::lang::quantity::Quantity;
use crate::lang::types::{Shape, Type};

impl Checker<'_> {
    pub(super) fn share_lint(&mut self) {
        let mut found = Vec::new();
        conditions(&self.scenario, &mut |condition| {
            condition.walk(&mut |part| {
                let ExprKind::Binary(operator, left, right) = &part.kind else { return };
                if !operator.compares() || matches!(operator, BinaryOperator::In | BinaryOperator::NotIn) {
                    return;
                }
                for (measured, limit) in [(left, right), (right, left)] {
                    // `cores * 50%` is a share, whatever comes out.
                    if matches!(limit.kind, ExprKind::Constant(_)) && self.computes_share(limit) {
                        continue;
                    }
                    if let Some(percent) = constant_quantity(limit).filter(|limit| limit.percent)
                        && percent.to_f64() > 0.0
                        && self.is_count(measured)
                    {
                        let share = self.share_of(measured);
                        found.push(mistake::shares::count_as_share(
                            measured.span,
                            limit.span,
                            percent,
                            share,
                        ));
                        continue;
                    }
                    let Some(most) = constant_quantity(limit).filter(|most| most.to_f64() >= 1.0) else {
                        continue;
                    };
                    if most.to_f64() == 1.0 {
                        let seen = if std::ptr::eq(measured, left) { *operator } else { turned(*operator) };
                        if !most.percent
                            && measured.ty == Type::SHARE
                            && matches!(seen, Less | LessOrEqual | Greater)
                        {
                            found.push(self.share_as_number(limit, measured, most));
                        } else if !most.percent && seen == Less && self.is_ratio(measured) {
                            found.push(mistake::shares::ratio_below_one(limit.span, measured.span));
                        }
                    } else if !most.percent && measured.ty == Type::SHARE {
                        found.push(self.share_as_number(limit, measured, most));
                    } else if most.percent && self.is_whole_share(measured) {
                        found.push(mistake::shares::beyond_whole(limit.span, measured.span));
                    }
                }
            });
        });
        self.found.extend(found);
    }

    /// Whether a fixed value is computed from a percentage.
    fn computes_share(&self, limit: &Expr) -> bool {
        let mut written = self.sources.text(limit.span);
        if let Some(Entity::Constant(index)) = self.symbols.peek(written).map(|symbol| symbol.entity) {
            written = self.sources.text(self.constants[index].written.span);
        }
        written.contains('%') && written.contains(['*', '/'])
    }

    /// A share compared with a number; of `browse.errors` how many they are is read by another name.
    fn share_as_number(&self, limit: &Expr, measured: &Expr, most: Quantity) -> Diagnostic {
        let number = self.sources.text(measured.span).strip_suffix(".errors");
        let number = number.map(|load| format!("{load}.failed"));
        mistake::shares::share_as_number(limit.span, measured.span, most, number.as_deref())
    }

    /// Whether an expression is one count over another.
    fn is_ratio(&self, expr: &Expr) -> bool {
        let counts = |part: &Expr| part.ty == Type::NUMBER && measures(part);
        match &expr.kind {
            ExprKind::Binary(BinaryOperator::Divide, over, under) => counts(over) && counts(under),
            ExprKind::Measure { series, .. } => match &self.scenario.series(*series).origin {
                Origin::Derived(derived) => self.is_ratio(derived),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether an expression counts something. What a source reads may be anything, unless it counts itself.
    fn is_count(&self, expr: &Expr) -> bool {
        let ExprKind::Measure { series, aggregate, .. } = &expr.kind else { return false };
        let series = self.scenario.series(*series);
        let counted = match &series.origin {
            Origin::Target { .. } | Origin::Load { .. } | Origin::Ledger { .. } => true,
            _ => series.shape == Shape::Counter,
        };
        counted && expr.ty == Type::NUMBER && !series.percent && *aggregate != Aggregate::Growth
    }

    /// The share that was meant by a count, as it would be written.
    fn share_of(&self, expr: &Expr) -> Option<String> {
        let ExprKind::Measure { series, .. } = &expr.kind else { return None };
        let text = self.sources.text(expr.span);
        let (owner, reading) = text.split_once('.').filter(|(_, rest)| !rest.contains([' ', '.']))?;
        match (&self.scenario.series(*series).origin, reading) {
            (Origin::Load { .. }, "failed") => Some(format!("{owner}.errors")),
            (Origin::Load { .. }, "dropped" | "skipped" | "cut") => Some(format!("{text} / {owner}.count")),
            (Origin::Ledger { .. }, "lost") => Some(format!("{text} / {owner}.sent")),
            (Origin::Ledger { .. }, "duplicated" | "altered" | "unexpected") => {
                Some(format!("{text} / {owner}.received"))
            }
            _ => None,
        }
    }

    /// Whether an expression is a share of a whole, which is 100 % at most. A process's CPU is not: it may use
    /// several cores.
    pub(super) fn is_whole_share(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Measure { series, .. } => {
                let series = self.scenario.series(*series);
                let several_cores = match &series.origin {
                    Origin::Target { target, reading, .. } => {
                        self.scenario.target(*target).kind.name == "process" && reading.name == "cpu"
                    }
                    Origin::Derived(_) => true,
                    _ => false,
                };
                expr.ty == Type::SHARE && !several_cores
            }
            // `success` and `errors`: counts over counts.
            ExprKind::Binary(BinaryOperator::Divide, _, _) => expr.ty == Type::SHARE,
            _ => false,
        }
    }
}

/// Whether anything is measured in an expression.
fn measures(expr: &Expr) -> bool {
    let mut measures = false;
    expr.walk(&mut |part| measures |= matches!(part.kind, ExprKind::Measure { .. }));
    measures
}
