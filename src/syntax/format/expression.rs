//! Expressions: single spaces, literals as they were written, brackets over several lines where they were.

use super::Writer;
use crate::source::Span;
use crate::syntax::ast::{Argument, Expr, ExprKind, UnaryOperator};

impl<'a> Writer<'a> {
    pub(super) fn expression(&self, expr: &Expr, indent: usize) -> String {
        let sub = |expr: &Expr| self.expression(expr, indent);
        match &expr.kind {
            ExprKind::Quantity(_) | ExprKind::TimeOfDay(_) | ExprKind::Text(_) | ExprKind::Bad => {
                self.source(expr.span).to_string()
            }
            ExprKind::True => "true".into(),
            ExprKind::False => "false".into(),
            ExprKind::Name(name) => name.clone(),
            ExprKind::Field { base, field } if field.text.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("{}[{}]", sub(base), field.text)
            }
            ExprKind::Field { base, field } => format!("{}.{}", sub(base), field.text),
            ExprKind::FieldCall { base, field, arguments } => {
                let arguments = self.arguments(arguments, field.span.end, indent);
                format!("{}.{}{arguments}", sub(base), field.text)
            }
            ExprKind::Call { function, arguments } => {
                format!("{}{}", function.text, self.arguments(arguments, function.span.end, indent))
            }
            ExprKind::List(items) => {
                let broken = self.is_broken(expr.span.start);
                let inner = if broken { indent + 1 } else { indent };
                let items = items.iter().map(|item| self.expression(item, inner)).collect();
                bracketed("[", items, "]", broken, indent)
            }
            ExprKind::Object(entries) => {
                let broken = self.is_broken(expr.span.start);
                let inner = if broken { indent + 1 } else { indent };
                let entry = |(key, value): &(crate::syntax::ast::Name, Expr)| {
                    format!("{}: {}", self.source(key.span), self.expression(value, inner))
                };
                let entries: Vec<String> = entries.iter().map(entry).collect();
                let space = if entries.is_empty() || broken { "" } else { " " };
                bracketed(&format!("{{{space}"), entries, &format!("{space}}}"), broken, indent)
            }
            ExprKind::Range { low, high } => format!("{}..{}", sub(low), sub(high)),
            ExprKind::Unary { operator: UnaryOperator::Minus, operand } => format!("-{}", sub(operand)),
            ExprKind::Unary { operator: UnaryOperator::Not, operand } => format!("not {}", sub(operand)),
            ExprKind::Binary { operator, left, right } => {
                format!("{} {} {}", sub(left), operator.symbol(), sub(right))
            }
            ExprKind::Parenthesis(inner) => format!("({})", sub(inner)),
            ExprKind::Over { base, window } => format!("{} over {}", sub(base), sub(window)),
            ExprKind::InPhase { base, phase } => format!("{} in {}", sub(base), self.source(phase.span)),
        }
    }

    /// `(…)`; `open` is where the parenthesis stands in the file.
    pub(super) fn arguments(&self, arguments: &[Argument], open: u32, indent: usize) -> String {
        let broken = self.is_broken(open);
        let inner = if broken { indent + 1 } else { indent };
        let argument = |argument: &Argument| {
            let value = self.expression(&argument.value, inner);
            match &argument.name {
                Some(name) => format!("{} = {value}", name.text),
                None => value,
            }
        };
        bracketed("(", arguments.iter().map(argument).collect(), ")", broken, indent)
    }

    /// Whether a line ends right behind the bracket at `open`.
    fn is_broken(&self, open: u32) -> bool {
        let rest = self.source(Span::new(open, self.base + self.text.len() as u32));
        let mut rest = rest.chars().skip_while(|c| c.is_whitespace()).skip(1);
        rest.find(|c| !matches!(c, ' ' | '\t' | '\r')) == Some('\n')
    }
}

fn bracketed(open: &str, items: Vec<String>, close: &str, broken: bool, indent: usize) -> String {
    if !broken || items.is_empty() {
        return format!("{open}{}{close}", items.join(", "));
    }
    let (inner, outer) = ("  ".repeat(indent + 1), "  ".repeat(indent));
    let lines: String = items.iter().map(|item| format!("{inner}{item},\n")).collect();
    format!("{open}\n{lines}{outer}{close}")
}
