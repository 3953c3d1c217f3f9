//! Windows: `over 5m` and `in "Phase"`.

use super::super::mistake;
use super::super::state::{Checker, unknown};
use super::{Term, constant_quantity};
use crate::lang::expr::{Expr, ExprKind, Window};
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast;

impl Checker<'_> {
    /// `base over window`
    pub(super) fn over(&mut self, base: &ast::Expr, window: &ast::Expr, span: Span) -> Term {
        let term = self.term(base);
        let length = self.value(window);
        if !self.expect_type(&length, &Type::DURATION, "a window") {
            return Term::Value(unknown(span));
        }
        if constant_quantity(&length).is_some_and(|length| length.to_f64() <= 0.0) {
            self.report(mistake::types::not_positive(length.span, "a window"));
            return Term::Value(unknown(span));
        }
        self.windowed(term, Window::Over(Box::new(length)), span)
    }

    /// `base in "phase"`
    pub(super) fn in_phase(&mut self, base: &ast::Expr, phase: &ast::Text, span: Span) -> Term {
        let term = self.term(base);
        let name = self.text(phase);
        self.note_phase_use(phase.span, &name);
        if let Some(text) = name.constant().and_then(|value| value.as_text()) {
            self.phases_named.push((text.to_string(), phase.span));
        }
        self.windowed(term, Window::Phase(Box::new(name)), span)
    }

    /// The comparison that ends with `limit`, with the window behind what it measures; `whole` is limit and window.
    fn window_meant(&self, limit: Span, whole: Span) -> Option<(Span, String)> {
        let file = self.sources.file_of(whole);
        let start = (whole.start - file.base()) as usize;
        let before = &file.text()[..start];
        let line = &before[before.rfind(['\n', ';', '{']).map_or(0, |end| end + 1)..];
        let line = line.rsplit_once(" and ").or(line.rsplit_once(" or ")).map_or(line, |(_, last)| last);
        let trimmed = line.trim_end();
        let operator = ["<=", ">=", "==", "!=", "<", ">"].into_iter().find(|sign| trimmed.ends_with(sign))?;
        let measured = trimmed.strip_suffix(operator)?.trim_end();
        let begins = measured.rfind(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.' | '(' | ')'));
        let measured = &measured[begins.map_or(0, |at| at + 1)..];
        let text = self.sources.text(whole);
        let (limit, window) = (self.sources.text(limit), text.strip_prefix(self.sources.text(limit))?.trim());
        let better = match measured.strip_suffix(')') {
            Some(open) => format!("{open} {window}) {operator} {limit}"),
            None => format!("{measured} {window} {operator} {limit}"),
        };
        let place = measured.as_ptr() as usize - file.text().as_ptr() as usize;
        Some((Span::new(file.base() + place as u32, whole.end), better)).filter(|_| !measured.is_empty())
    }

    fn windowed(&mut self, term: Term, window: Window, span: Span) -> Term {
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
                    let better = self.window_meant(expr.span, span);
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
