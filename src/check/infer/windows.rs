//! Windows: `over 5m` and `in "Phase"`.

use super::super::mistake;
use super::super::state::{Checker, unknown};
use super::{Term, constant_quantity};
use crate::lang::expr::{BinaryOperator, Expr, ExprKind, Window};
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast;

impl Checker<'_> {
    /// `base over window`; `better` is what was meant where nothing is measured there, at its place.
    pub(super) fn over(
        &mut self,
        base: &ast::Expr,
        window: &ast::Expr,
        span: Span,
        better: Option<(Span, String)>,
    ) -> Term {
        let term = self.term(base);
        let length = self.value(window);
        if let Some((place, better)) = self.computed_window(window) {
            self.report(mistake::measure::computed_window(place, &better));
            return Term::Value(unknown(span));
        }
        if !self.expect_type(&length, &Type::DURATION, "a window") {
            return Term::Value(unknown(span));
        }
        if constant_quantity(&length).is_some_and(|length| length.to_f64() <= 0.0) {
            self.report(mistake::values::not_positive(length.span, "a window"));
            return Term::Value(unknown(span));
        }
        self.windowed(term, Window::Over(Box::new(length)), span, better)
    }

    /// `over 5 * unit`, of which only the number is the window.
    fn computed_window(&self, window: &ast::Expr) -> Option<(Span, String)> {
        let ast::ExprKind::Quantity(_) = window.kind else { return None };
        let written = self.sources.text(window.span);
        let behind = self.sources.behind(window.span);
        let factor = behind.trim_start_matches(' ').strip_prefix('*')?.trim_start_matches(' ');
        let end =
            factor.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(factor.len());
        let bare = written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let place =
            Span::new(window.span.start, window.span.end + (behind.len() - factor.len() + end) as u32);
        (bare && end > 0).then(|| (place, format!("({})", self.sources.text(place))))
    }

    /// `base in "phase"`; `better` as above.
    pub(super) fn in_phase(
        &mut self,
        base: &ast::Expr,
        phase: &ast::Text,
        span: Span,
        better: Option<(Span, String)>,
    ) -> Term {
        let term = self.term(base);
        let name = self.text(phase);
        self.note_phase_use(phase.span, &name);
        if let Some(text) = name.constant().and_then(|value| value.as_text()) {
            self.phases_named.push((text.to_string(), phase.span));
        }
        self.windowed(term, Window::Phase(Box::new(name)), span, better)
    }

    /// The right side of an operator. A window there was meant for what stands on the left, where that is measured.
    pub(super) fn right_side(
        &mut self,
        operator: BinaryOperator,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Expr {
        let term = match &right.kind {
            ast::ExprKind::Over { base, window } => {
                let better = self.moved_window(operator, (left, right), base, ("over", window.span));
                self.over(base, window, right.span, better)
            }
            ast::ExprKind::InPhase { base, phase } => {
                let better = self.moved_window(operator, (left, right), base, ("in", phase.span));
                self.in_phase(base, phase, right.span, better)
            }
            _ => return self.value(right),
        };
        self.reduce(term)
    }

    /// A comparison whose window stands on the left side, where that can have one, and its place.
    fn moved_window(
        &self,
        operator: BinaryOperator,
        (left, right): (&ast::Expr, &ast::Expr),
        limit: &ast::Expr,
        (word, window): (&str, Span),
    ) -> Option<(Span, String)> {
        let (measured, window) = (self.sources.text(left.span), self.sources.text(window));
        let moved = match &left.kind {
            ast::ExprKind::Call { .. } => format!("{} {word} {window})", measured.strip_suffix(')')?),
            ast::ExprKind::Field { .. } | ast::ExprKind::Name(_) => format!("{measured} {word} {window}"),
            _ => return None,
        };
        let limit = self.sources.text(limit.span);
        let better = || (left.span.to(right.span), format!("{moved} {} {limit}", operator.symbol()));
        operator.compares().then(better)
    }

    fn windowed(&mut self, term: Term, window: Window, span: Span, better: Option<(Span, String)>) -> Term {
        match term {
            Term::Readout(readout) if matches!(readout.window, Window::Block) => {
                Term::Readout(super::Readout { window, span, ..readout })
            }
            Term::Readout(_) => {
                self.report(mistake::measure::two_windows(span));
                Term::Value(unknown(span))
            }
            Term::Value(expr) if expr.ty == Type::Unknown => Term::Value(expr),
            Term::Value(expr) => {
                let mut measures = false;
                expr.walk(&mut |part| {
                    measures |= matches!(part.kind, ExprKind::Measure { window: Window::Block, .. });
                });
                if !measures {
                    self.report(mistake::measure::window_of_nothing(span, &expr.ty, better));
                    return Term::Value(unknown(span));
                }
                Term::Value(Expr { span, ..apply(expr, &window) })
            }
            Term::Log(_, at) => {
                self.report(mistake::measure::window_of_nothing(at, &Type::Log, None));
                Term::Value(unknown(span))
            }
        }
    }
}

/// Gives a window to each measurement in an expression that has none of its own.
pub(super) fn apply(expr: Expr, window: &Window) -> Expr {
    if matches!(window, Window::Block) {
        return expr;
    }
    let boxed = |inner: Box<Expr>| Box::new(apply(*inner, window));
    let kind = match expr.kind {
        ExprKind::Measure { series, aggregate, window: Window::Block } => {
            ExprKind::Measure { series, aggregate, window: window.clone() }
        }
        ExprKind::Unary(operator, operand) => ExprKind::Unary(operator, boxed(operand)),
        ExprKind::Binary(operator, left, right) => ExprKind::Binary(operator, boxed(left), boxed(right)),
        ExprKind::Range(low, high) => ExprKind::Range(boxed(low), boxed(high)),
        ExprKind::Field(base, field) => ExprKind::Field(boxed(base), field),
        ExprKind::List(items) => ExprKind::List(items.into_iter().map(|item| apply(item, window)).collect()),
        other => other,
    };
    Expr { kind, ..expr }
}
