//! Conditions as comparisons with what the file fixes.

use super::infer::constant_quantity;
use super::scenario::{LoadSubject, Origin, Scenario};
use crate::lang::expr::{BinaryOperator, Expr, ExprKind, Window};
use crate::lang::quantity::Quantity;
use crate::source::Sources;

/// The conditions that must hold together.
pub fn all_of(condition: &Expr) -> Vec<&Expr> {
    match &condition.kind {
        ExprKind::Binary(BinaryOperator::And, left, right) => {
            let mut parts = all_of(left);
            parts.extend(all_of(right));
            parts
        }
        _ => vec![condition],
    }
}

/// A comparison with a fixed value, as if that stood on the right.
pub fn compared(condition: &Expr) -> Option<(&Expr, BinaryOperator, Quantity)> {
    let ExprKind::Binary(operator, left, right) = &condition.kind else { return None };
    if let Some(limit) = constant_quantity(right) {
        return Some((left, *operator, limit));
    }
    let compares = operator.compares() && !matches!(operator, BinaryOperator::In | BinaryOperator::NotIn);
    let limit = constant_quantity(left).filter(|_| compares)?;
    Some((right, turned(*operator), limit))
}

/// What stands between the sides of a comparison when they change places.
pub fn turned(operator: BinaryOperator) -> BinaryOperator {
    match operator {
        BinaryOperator::Less => BinaryOperator::Greater,
        BinaryOperator::LessOrEqual => BinaryOperator::GreaterOrEqual,
        BinaryOperator::Greater => BinaryOperator::Less,
        BinaryOperator::GreaterOrEqual => BinaryOperator::LessOrEqual,
        other => other,
    }
}

/// Whether a limit is upwards (`>`) or downwards; none of what is no limit.
pub fn is_upwards(operator: BinaryOperator) -> Option<bool> {
    match operator {
        BinaryOperator::Greater | BinaryOperator::GreaterOrEqual => Some(true),
        BinaryOperator::Less | BinaryOperator::LessOrEqual => Some(false),
        _ => None,
    }
}

/// `browse.success > 99%`: the load of which most is asked to succeed, over what time, and how much.
pub fn success_asked<'e>(
    scenario: &Scenario,
    sources: &Sources,
    condition: &'e Expr,
) -> Option<(LoadSubject, &'e Window, Quantity)> {
    let (measured, operator, limit) = compared(condition)?;
    // The share of what is counted in all.
    let ExprKind::Binary(BinaryOperator::Divide, _, by) = &measured.kind else { return None };
    let ExprKind::Measure { series, window, .. } = &by.kind else { return None };
    let Origin::Load { subject, reading: "count" } = scenario.series(*series).origin else { return None };
    let success = sources.text(measured.span).contains(".success");
    (success && is_upwards(operator) == Some(true)).then_some((subject, window, limit))
}

/// Whether so much is asked that nothing which is `bound` at most comes to it.
pub fn exceeds(operator: BinaryOperator, asked: f64, bound: f64) -> bool {
    match operator {
        BinaryOperator::Greater => asked >= bound,
        BinaryOperator::GreaterOrEqual | BinaryOperator::Equal => asked > bound,
        _ => false,
    }
}
