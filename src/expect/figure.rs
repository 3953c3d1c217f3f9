//! The values a report shows beside a verdict: what was measured, and what it was held against.

use crate::event::Figure;
use crate::lang::eval::{NoValue, Surroundings, evaluate, evaluate_drawn};
use crate::lang::expr::{Expr, ExprKind};
use crate::lang::operator::{BinaryOperator, UnaryOperator};
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::value::Value;

/// The two values of the comparison that decided a condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// What was measured.
    pub actual: Option<Figure>,
    /// What it was held against.
    pub target: Option<Figure>,
}

/// The base unit of a dimension, as `report.json` names it.
fn unit(dimension: Dimension) -> String {
    match (dimension.time, dimension.bytes) {
        (0, 0) => String::new(),
        (1, 0) => "s".into(),
        (-1, 0) => "/s".into(),
        (0, 1) => "B".into(),
        (-1, 1) => "B/s".into(),
        (time, bytes) => format!("B^{bytes}·s^{time}"),
    }
}

/// A value as people and as programs read it.
pub fn figure(value: &Value) -> Figure {
    match value {
        Value::Quantity(quantity) => {
            let Quantity { dimension, .. } = *quantity;
            let number = Some(quantity.to_f64()).filter(|number| number.is_finite());
            Figure { text: quantity.to_string(), number, unit: unit(dimension) }
        }
        Value::Bool(truth) => {
            Figure { text: truth.to_string(), number: Some(f64::from(u8::from(*truth))), unit: String::new() }
        }
        other => Figure { text: other.to_string(), number: None, unit: String::new() },
    }
}

/// Finds the comparison that decided `condition` and evaluates its two sides.
pub fn figures(condition: &Expr, around: &mut dyn Surroundings) -> Figures {
    match &condition.kind {
        ExprKind::Binary(operator @ (BinaryOperator::And | BinaryOperator::Or), left, right) => {
            let decisive = *operator == BinaryOperator::Or;
            let part = match (truth(left, around), truth(right, around)) {
                (Ok(value), _) if value == decisive => left,
                (_, Ok(value)) if value == decisive => right,
                (Err(_), _) => left,
                (_, Err(_)) => right,
                _ => left,
            };
            figures(part, around)
        }
        ExprKind::Binary(operator, left, right) if operator.compares() => {
            let (measured, fixed) =
                if measures(left) || !measures(right) { (left, right) } else { (right, left) };
            let (actual, target) = (evaluate_drawn(measured, around).ok(), evaluate(fixed, around).ok());
            let (actual, target) = in_one_form(actual, target);
            Figures { actual: actual.as_ref().map(figure), target: target.as_ref().map(figure) }
        }
        ExprKind::Unary(UnaryOperator::Not, inner) => {
            let mut inner = figures(inner, around);
            if let Some(target) = inner.target.as_mut().filter(|target| target.text == "true") {
                *target = figure(&Value::Bool(false));
            }
            inner
        }
        _ => Figures {
            actual: evaluate(condition, around).ok().as_ref().map(figure),
            target: Some(figure(&Value::Bool(true))),
        },
    }
}

/// A share beside a percentage is shown as one.
fn in_one_form(left: Option<Value>, right: Option<Value>) -> (Option<Value>, Option<Value>) {
    let percent = |value: &Option<Value>| {
        matches!(value, Some(Value::Quantity(Quantity { percent: true, dimension: Dimension::NONE, .. })))
    };
    let either = percent(&left) || percent(&right);
    let show = |value: Option<Value>| match value {
        Some(Value::Quantity(quantity)) if either && quantity.dimension == Dimension::NONE => {
            Some(Value::Quantity(Quantity { percent: true, ..quantity }))
        }
        other => other,
    };
    (show(left), show(right))
}

/// What a condition comes to.
pub fn truth(condition: &Expr, around: &mut dyn Surroundings) -> Result<bool, NoValue> {
    match evaluate(condition, around)? {
        Value::Bool(truth) => Ok(truth),
        other => Err(NoValue::Mismatch(format!("`{other}` is neither true nor false"))),
    }
}

/// Whether something in it is measured.
fn measures(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |part| {
        let reads = matches!(
            part.kind,
            ExprKind::Measure { .. } | ExprKind::Elapsed | ExprKind::Iteration(_) | ExprKind::Captured(_)
        );
        found |= reads;
    });
    found
}
