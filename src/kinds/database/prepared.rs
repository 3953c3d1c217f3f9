//! A statement of an action, read once and asked again and again.

use super::client::DatabaseClient;
use super::template::{Part, Template};
use crate::kinds::request::{Asking, Draft, Prepared};
use crate::lang::eval::{NoValue, Surroundings, evaluate_drawn};
use crate::lang::expr::{Expr, ExprKind, Piece};
use crate::lang::value::Value;
use std::rc::Rc;

/// A statement with the expressions of what is interpolated in it.
pub(super) struct PreparedStatement {
    client: Rc<DatabaseClient>,
    template: Template,
    values: Vec<Expr>,
}

impl PreparedStatement {
    /// `None` of what is no statement, or has a value where none can stand: that is told each time it is asked.
    pub fn new(client: Rc<DatabaseClient>, draft: &Draft<'_>) -> Option<PreparedStatement> {
        let [("statement", values)] = draft.arguments.as_slice() else { return None };
        let [Expr { kind, .. }] = values.as_slice() else { return None };
        let literal;
        let pieces = match kind {
            ExprKind::Text(pieces) => pieces.as_slice(),
            ExprKind::Constant(Value::Text(text)) => {
                literal = [Piece::Literal(text.clone())];
                &literal
            }
            _ => return None,
        };
        let parts = pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => Part::Text(text),
            Piece::Value(_) => Part::Value,
        });
        let template = Template::read(parts, client.dialect()).ok()?;
        let values = pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Value(value) => Some(value.clone()),
        });
        let values = values.collect();
        Some(PreparedStatement { client, template, values })
    }
}

impl Prepared for PreparedStatement {
    fn send<'a>(&'a self, _user: u64, around: &mut dyn Surroundings) -> Result<Asking<'a>, NoValue> {
        let values: Result<Vec<Value>, NoValue> =
            self.values.iter().map(|value| evaluate_drawn(value, around)).collect();
        let values = values?;
        let statement = self.template.fill(|number| &values[number]);
        Ok(Box::pin(async move { self.client.answer(&statement).await }))
    }
}
