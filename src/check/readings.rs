//! What expressions read of targets.

use super::scenario::{Origin, Scenario};
use crate::lang::expr::{Expr, ExprKind, TargetId};

/// The target of which an expression is a reading, whatever its window, and the name of that reading.
pub fn target_read(scenario: &Scenario, expr: &Expr) -> Option<(TargetId, &'static str)> {
    let ExprKind::Measure { series, .. } = &expr.kind else { return None };
    let Origin::Target { target, reading, .. } = &scenario.series(*series).origin else { return None };
    Some((*target, reading.name))
}

/// The target of which an expression says no more than that it runs, or answers.
pub fn presence_read(scenario: &Scenario, expr: &Expr) -> Option<TargetId> {
    let (target, reading) = target_read(scenario, expr)?;
    matches!(reading, "up" | "ready").then_some(target)
}
