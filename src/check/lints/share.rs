//! A share compared with more than 100 %, or with a bare number that was meant as a percentage: the comparison is
//! decided before anything is measured. And a ratio that is to be below 1, which says next to nothing.

use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::scenario::Origin;
use super::super::state::Checker;
use crate::lang::expr::BinaryOperator::{Greater, GreaterOrEqual, Less, LessOrEqual};
use crate::lang::expr::{BinaryOperator, Expr, ExprKind};
use crate::lang::types::Type;

impl Checker<'_> {
    pub(super) fn share_lint(&mut self) {
        let mut found = Vec::new();
        super::windows::conditions(&self.scenario, &mut |condition| {
            condition.walk(&mut |part| {
                let ExprKind::Binary(operator, left, right) = &part.kind else { return };
                if !operator.compares() || matches!(operator, BinaryOperator::In | BinaryOperator::NotIn) {
                    return;
                }
                for (measured, limit) in [(left, right), (right, left)] {
                    let Some(most) = constant_quantity(limit).filter(|most| most.to_f64() >= 1.0) else {
                        continue;
                    };
                    if most.to_f64() == 1.0 {
                        let seen = if std::ptr::eq(measured, left) { *operator } else { turned(*operator) };
                        if !most.percent
                            && measured.ty == Type::SHARE
                            && matches!(seen, Less | LessOrEqual | Greater)
                        {
                            found.push(mistake::lint::share_as_number(limit.span, measured.span, most));
                        } else if !most.percent && seen == Less && self.is_ratio(measured) {
                            found.push(mistake::lint::ratio_below_one(limit.span, measured.span));
                        }
                    } else if !most.percent && measured.ty == Type::SHARE {
                        found.push(mistake::lint::share_as_number(limit.span, measured.span, most));
                    } else if most.percent && self.is_whole_share(measured) {
                        found.push(mistake::lint::beyond_whole(limit.span, measured.span));
                    }
                }
            });
        });
        self.found.extend(found);
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

    /// Whether an expression is a share of a whole, which is 100 % at most. A process's CPU is not: it may use
    /// several cores.
    fn is_whole_share(&self, expr: &Expr) -> bool {
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

/// A comparison as it is read from its other end.
fn turned(operator: BinaryOperator) -> BinaryOperator {
    match operator {
        Less => Greater,
        LessOrEqual => GreaterOrEqual,
        Greater => Less,
        GreaterOrEqual => LessOrEqual,
        other => other,
    }
}
