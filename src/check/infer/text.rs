//! Texts: put together from what is known, or left in pieces.

use super::super::state::{Checker, unknown};
use crate::lang::expr::{Expr, ExprKind, Piece};
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::syntax::ast;

impl Checker<'_> {
    /// A text with what is interpolated in it.
    pub fn text(&mut self, written: &ast::Text) -> Expr {
        let span = written.span;
        self.braces_lint(written);
        let mut pieces = Vec::new();
        let mut wrong = false;
        for piece in &written.pieces {
            match piece {
                ast::Piece::Literal { text, .. } => push_literal(&mut pieces, text),
                ast::Piece::Value(value) => {
                    let value = self.value(value);
                    wrong |= value.ty == Type::Unknown;
                    match value.kind {
                        ExprKind::Constant(Value::Range(..)) => pieces.push(Piece::Value(value)),
                        ExprKind::Constant(constant) => push_literal(&mut pieces, &constant.to_string()),
                        ExprKind::Text(inner) => inner.into_iter().for_each(|piece| match piece {
                            Piece::Literal(text) => push_literal(&mut pieces, &text),
                            value => pieces.push(value),
                        }),
                        _ => pieces.push(Piece::Value(value)),
                    }
                }
            }
        }
        if wrong {
            return unknown(span);
        }
        let kind = match pieces.as_slice() {
            [] => ExprKind::Constant(Value::Text(String::new())),
            [Piece::Literal(text)] => ExprKind::Constant(Value::Text(text.clone())),
            _ => ExprKind::Text(pieces),
        };
        Expr { kind, ty: Type::Text, span }
    }
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Literal(last)) => last.push_str(text),
        _ => pieces.push(Piece::Literal(text.to_string())),
    }
}
