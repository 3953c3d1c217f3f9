//! Conditions as comparisons with what the file fixes.

use super::infer::constant_quantity;
use crate::lang::expr::{BinaryOperator, Expr, ExprKind};
use crate::lang::quantity::Quantity;

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

/// Whether so much is asked that nothing which is `bound` at most comes to it.
pub fn exceeds(operator: BinaryOperator, asked: f64, bound: f64) -> bool {
    match operator {
        BinaryOperator::Greater => asked >= bound,
        BinaryOperator::GreaterOrEqual | BinaryOperator::Equal => asked > bound,
        _ => false,
    }
}
