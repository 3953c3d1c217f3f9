//! Texts and numbers that are read otherwise elsewhere: a command as a shell reads it, `1s-5s` as a range.

use super::super::mistake;
use super::super::state::Checker;
use crate::lang::expr::{BinaryOperator, Expr};
use crate::syntax::ast;

impl Checker<'_> {
    /// Marks of a shell in a command line, outside of quotes; `sketch` is the command as far as the file fixes it.
    pub fn shell_lint(&mut self, expr: &Expr, sketch: &str) {
        let first = sketch.split_whitespace().next().unwrap_or_default();
        if let Some((name, value)) = first.split_once('=')
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        {
            return self.report(mistake::lint::variable_in_command(expr.span, name, value));
        }
        // Nearly all commands have none of these characters.
        if !sketch.contains(['&', '|', ';', '<', '>', '$']) && !sketch.starts_with("cd ") {
            return;
        }
        let mut quote = None;
        let bare: String = sketch
            .chars()
            .map(|c| {
                match quote {
                    Some(open) if open == c => quote = None,
                    None if matches!(c, '"' | '\'') => quote = Some(c),
                    _ => {}
                }
                if quote.is_some() { 'x' } else { c }
            })
            .collect();
        let mut words = bare.split_whitespace();
        let operator = words.find(|word| {
            matches!(*word, "&&" | "||" | "|" | "&" | ";" | ">" | ">>" | "<" | "2>" | "2>&1" | "&>" | "cd")
                || word.ends_with(';')
                || word
                    .strip_prefix('$')
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        });
        let operator = operator.filter(|word| *word != "cd" || bare.starts_with("cd "));
        if let Some(operator) = operator {
            let operator = if operator.ends_with(';') { ";" } else { operator };
            self.report(mistake::lint::shell_in_command(expr.span, operator));
        }
    }

    /// `think 1s-5s`: a difference of two literals.
    pub fn difference_lint(&mut self, written: &ast::Expr) {
        let ast::ExprKind::Binary { operator: BinaryOperator::Subtract, left, right } = &written.kind else {
            return;
        };
        let (ast::ExprKind::Quantity(one), ast::ExprKind::Quantity(other)) = (&left.kind, &right.kind) else {
            return;
        };
        // Where it is less than nothing, that is told.
        if one.dimension != other.dimension || one.compare(*other).is_none_or(|order| order.is_lt()) {
            return;
        }
        let text = |expr: &ast::Expr| self.sources.text(expr.span).to_string();
        let found =
            mistake::lint::difference_of_times(written.span, &text(written), &text(right), &text(left));
        self.report(found);
    }
}
