//! Conditions that are decided before the run: a count below nothing, a share of at most the whole, two limits that exclude
//! each other, something and its opposite.

use super::super::compared::{compared, is_upwards};
use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::mistake::time::Decided;
use super::super::scenario::{IterationStep, Origin, Qualifier, Tolerance};
use super::super::state::Checker;
use super::super::walk::{conditions, visit_tells};
use crate::lang::expr::{BinaryOperator, Expr, ExprKind, IterationWord, UnaryOperator, Window};
use crate::lang::function::Aggregate;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::said;

/// The statuses that HTTP knows (RFC 9110, section 15).
const STATUSES: std::ops::RangeInclusive<f64> = 100.0..=599.0;

impl Checker<'_> {
    pub(super) fn decided_lint(&mut self) {
        let mut found = Vec::new();
        conditions(&self.scenario, &mut |condition| self.decided(condition, &mut found));
        let mut look = |line: &IterationStep| {
            if let IterationStep::Check { condition, .. } = line {
                self.decided(condition, &mut found);
            }
        };
        visit_tells(&self.scenario, &mut |tell| tell.checks.iter().for_each(&mut look));
        for step in self.scenario.actions.iter().flat_map(|action| &action.steps) {
            match step {
                IterationStep::Tell { answer, .. } => answer.iter().for_each(&mut look),
                line => look(line),
            }
        }
        for expectation in &self.scenario.expectations {
            if let Some(Tolerance::Share(share)) = &expectation.tolerate
                && constant_quantity(share).is_some_and(|share| share.to_f64() >= 1.0)
            {
                found.push((share.span, Decided::Tolerated));
            }
            if matches!(expectation.qualifier, Qualifier::Within(_))
                && self.holds_at_once(&expectation.condition)
            {
                found.push((expectation.condition.span, Decided::AtOnce));
            }
        }
        found.sort_by_key(|(span, _): &(Span, Decided)| *span);
        found.dedup_by_key(|(span, _)| *span);
        for (span, decided) in found {
            self.report(mistake::time::decided(span, decided));
        }
    }

    fn decided(&self, condition: &Expr, found: &mut Vec<(Span, Decided)>) {
        if let ExprKind::Binary(operator @ (BinaryOperator::And | BinaryOperator::Or), left, right) =
            &condition.kind
        {
            if self.is_opposite(left, right) {
                found.push((condition.span, Decided::Opposites(*operator == BinaryOperator::Or)));
                return;
            }
            if *operator == BinaryOperator::And && self.differ(left, right) {
                found.push((condition.span, Decided::Different));
                return;
            }
            if *operator == BinaryOperator::And && self.exclude_each_other(left, right) {
                found.push((condition.span, Decided::Excluded));
                return;
            }
            self.decided(left, found);
            self.decided(right, found);
            return;
        }
        let decided = self.bounded(condition).or_else(|| no_status(condition));
        if let Some(decided) = decided.or_else(|| self.longer_than_the_run(condition)) {
            found.push((condition.span, decided));
        }
    }

    /// A count so far of at most so many, which begins at none and only grows.
    fn holds_at_once(&self, condition: &Expr) -> bool {
        let Some((counted, operator, limit)) = compared(condition) else { return false };
        let ExprKind::Measure { series, aggregate: Aggregate::Delta, window: Window::Block } = &counted.kind
        else {
            return false;
        };
        let series = self.scenario.series(*series);
        let counts = series.shape == crate::lang::types::Shape::Counter
            && matches!(series.origin, Origin::Target { .. } | Origin::Load { .. });
        let limit = limit.to_f64();
        counts
            && match operator {
                BinaryOperator::Equal => limit == 0.0,
                BinaryOperator::LessOrEqual => limit >= 0.0,
                BinaryOperator::Less => limit > 0.0,
                _ => false,
            }
    }

    /// `app.up` and `not app.up`, in either order.
    fn is_opposite(&self, one: &Expr, other: &Expr) -> bool {
        let denies = |denial: &Expr, said: &Expr| match &denial.kind {
            ExprKind::Unary(UnaryOperator::Not, denied) => self.same_text(denied.span, said.span),
            _ => false,
        };
        denies(one, other) || denies(other, one)
    }

    fn same_text(&self, one: Span, other: Span) -> bool {
        said(self.sources.text(one)) == said(self.sources.text(other))
    }

    /// `status == 200 and status == 201`, or that and `!= 200`.
    fn differ(&self, one: &Expr, other: &Expr) -> bool {
        let equal = |condition: &Expr| match &condition.kind {
            ExprKind::Binary(operator @ (BinaryOperator::Equal | BinaryOperator::NotEqual), left, right) => {
                right.constant().map(|value| (left.span, *operator, value.to_string()))
            }
            _ => None,
        };
        let (Some((one, is_one, first)), Some((other, is_other, second))) = (equal(one), equal(other)) else {
            return false;
        };
        let both = is_one == BinaryOperator::Equal && is_other == BinaryOperator::Equal;
        self.same_text(one, other)
            && if both { first != second } else { is_one != is_other && first == second }
    }

    /// Two limits of the same thing with nothing between them.
    fn exclude_each_other(&self, one: &Expr, other: &Expr) -> bool {
        let (Some(one), Some(other)) = (limited(one), limited(other)) else { return false };
        let same = self.same_text(one.what, other.what);
        let apart = |low: &Limited, high: &Limited| {
            low.above
                && !high.above
                && (low.limit > high.limit || low.limit == high.limit && (low.strict || high.strict))
        };
        same && (apart(&one, &other) || apart(&other, &one))
    }

    /// A comparison with something that is never below nothing.
    fn bounded(&self, condition: &Expr) -> Option<Decided> {
        let (measured, operator, limit) = compared(condition)?;
        let (limit, percent) = (limit.to_f64(), limit.percent);
        if !self.is_never_negative(measured) {
            return None;
        }
        let share = matches!(&measured.ty, Type::Quantity { percent: true, .. })
            && matches!(&measured.kind, ExprKind::Binary(BinaryOperator::Divide, ..));
        let whole = share || self.is_whole_share(measured);
        match operator {
            BinaryOperator::Greater if whole && percent && limit == 1.0 => Some(Decided::BeyondWhole),
            BinaryOperator::Less if limit <= 0.0 => Some(Decided::Never),
            BinaryOperator::LessOrEqual | BinaryOperator::Equal if limit < 0.0 => Some(Decided::Never),
            BinaryOperator::GreaterOrEqual if limit <= 0.0 => Some(Decided::Always),
            BinaryOperator::Greater | BinaryOperator::NotEqual if limit < 0.0 => Some(Decided::Always),
            BinaryOperator::LessOrEqual if share && limit >= 1.0 => Some(Decided::Always),
            _ => None,
        }
    }

    /// A latency that is allowed to be as long as the run.
    fn longer_than_the_run(&self, condition: &Expr) -> Option<Decided> {
        let (measured, operator, limit) = compared(condition)?;
        let ExprKind::Measure { series, .. } = &measured.kind else { return None };
        let series = self.scenario.series(*series);
        let lasts = self.story_lasts.filter(|lasts| !lasts.is_zero())?;
        let latency = matches!(series.origin, Origin::Load { reading: "latency" | "service_time", .. });
        let long = limit.to_duration().is_some_and(|limit| limit >= lasts);
        (latency && long && is_upwards(operator) == Some(false)).then_some(Decided::LongerThanTheRun(lasts))
    }

    /// Whether something counted, or a time or a size of what is observed, which has no sign.
    fn is_never_negative(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Iteration(IterationWord::Latency) => true,
            ExprKind::Measure { series, aggregate, .. } => {
                let changes = matches!(aggregate, Aggregate::Growth | Aggregate::Rate | Aggregate::Delta);
                let series = self.scenario.series(*series);
                let counts = series.shape == crate::lang::types::Shape::Counter;
                let observed = matches!(
                    series.origin,
                    Origin::Target { .. } | Origin::Load { .. } | Origin::Ledger { .. }
                );
                observed && (counts || !changes)
            }
            // `errors` and `success` are quotients of counts.
            ExprKind::Binary(BinaryOperator::Divide, over, under) => {
                let part = match &over.kind {
                    // `success`: what has not failed of all.
                    ExprKind::Binary(BinaryOperator::Subtract, whole, _) if expr.ty == Type::SHARE => whole,
                    _ => over,
                };
                self.is_never_negative(part) && self.is_never_negative(under)
            }
            _ => false,
        }
    }
}

/// A limit of something.
struct Limited {
    what: Span,
    limit: f64,
    above: bool,
    strict: bool,
}

fn limited(condition: &Expr) -> Option<Limited> {
    let (measured, operator, limit) = compared(condition)?;
    let strict = matches!(operator, BinaryOperator::Less | BinaryOperator::Greater);
    Some(Limited { what: measured.span, limit: limit.to_f64(), above: is_upwards(operator)?, strict })
}

/// A status that no answer over HTTP has.
fn no_status(condition: &Expr) -> Option<Decided> {
    let ExprKind::Binary(operator, left, right) = &condition.kind else { return None };
    let is_status =
        matches!(left.kind, ExprKind::Iteration(IterationWord::Status)) && left.ty == Type::NUMBER;
    let asked = matches!(
        operator,
        BinaryOperator::Equal | BinaryOperator::NotEqual | BinaryOperator::In | BinaryOperator::NotIn
    );
    if !is_status || !asked {
        return None;
    }
    let numbers: Vec<f64> = match right.constant()? {
        Value::Quantity(status) => vec![status.to_f64()],
        Value::List(items) => items.iter().filter_map(|item| Some(item.as_quantity()?.to_f64())).collect(),
        _ => return None,
    };
    numbers
        .into_iter()
        .find(|status| !STATUSES.contains(status))
        .map(|status| Decided::NoStatus(status as i64))
}
