//! Statements of SQL: what stands in the file is text, what is interpolated is a value that is sent beside it.
//!
//! An interpolation becomes a placeholder, so no value can change what a statement means. One that stands in a text in
//! single quotes makes that whole text one value: `'bot-{user}'` is sent as `$1` with `bot-7`. In a quoted name or a
//! comment there is nothing that a value could stand for, which is an error.

use super::template::{Part, Template};
use crate::lang::quantity::Amount;
use crate::lang::value::Value;
use std::rc::Rc;

/// What differs in how statements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `$1`; `$tag$ … $tag$`.
    Postgres,
    /// `?`; `\'` in texts; texts in double quotes; names in backticks; `#` comments.
    Mysql,
    /// `?`; names in backticks.
    Sqlite,
}

/// A value that is sent beside a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    Null,
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

/// A statement that can be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// With a placeholder for each parameter.
    pub sql: Rc<str>,
    /// In the order of the placeholders.
    pub parameters: Vec<Parameter>,
}

/// Why a value cannot stand where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    #[error("a value stands in a quoted name: put a `param` or a `let` there, which become part of the text")]
    InName,
    #[error("a value stands in a comment of the statement")]
    InComment,
    #[error(
        "a value stands in a text with a prefix or in dollar quotes: write a plain text in single quotes"
    )]
    InSpecialText,
    #[error("the statement is not a text")]
    NoText,
}

impl Statement {
    /// A statement of soak's own, without parameters.
    pub fn plain(sql: &str) -> Statement {
        Statement { sql: sql.into(), parameters: Vec::new() }
    }

    /// From an evaluated argument: a text, or texts with values between them.
    pub fn read(argument: &Value, dialect: Dialect) -> Result<Statement, StatementError> {
        let parts = match argument {
            Value::Text(text) => return Ok(Statement::plain(text)),
            Value::List(parts) => parts,
            _ => return Err(StatementError::NoText),
        };
        // Texts, and a value between each two.
        let parts_read = parts.iter().enumerate().map(|(index, part)| match part {
            Value::Text(text) if index % 2 == 0 => Part::Text(text),
            _ => Part::Value,
        });
        let template = Template::read(parts_read, dialect)?;
        Ok(template.fill(|number| &parts[2 * number + 1]))
    }
}

impl Parameter {
    /// A value as a database takes it: a quantity in its base unit (seconds, bytes), an object or a list as JSON.
    pub fn of(value: &Value) -> Parameter {
        match value {
            Value::Quantity(quantity) => match quantity.amount {
                Amount::Exact(ratio) if ratio.is_integer() => match i64::try_from(ratio.to_integer()) {
                    Ok(whole) => Parameter::Whole(whole),
                    Err(_) => Parameter::Number(quantity.to_f64()),
                },
                _ => Parameter::Number(quantity.to_f64()),
            },
            Value::Bool(truth) => Parameter::Bool(*truth),
            Value::Text(text) => Parameter::Text(text.clone()),
            Value::Json(serde_json::Value::Null) => Parameter::Null,
            other => Parameter::Text(other.to_json().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: i64) -> Value {
        Value::Quantity(crate::lang::quantity::Quantity::number(i128::from(value)))
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// The statement, where every `{}` is a value, in turn.
    fn read(
        dialect: Dialect,
        sql: &str,
        values: &[Value],
    ) -> Result<(String, Vec<Parameter>), StatementError> {
        let mut values = values.iter().cloned();
        let mut parts = Vec::new();
        for (index, piece) in sql.split("{}").enumerate() {
            if index > 0 {
                parts.extend(values.next());
            }
            parts.push(text(piece));
        }
        let statement = Statement::read(&Value::List(parts), dialect)?;
        Ok((statement.sql.to_string(), statement.parameters))
    }

    #[test]
    fn values_are_sent_beside_the_text() {
        use Dialect::*;
        let texts = |all: &[&str]| all.iter().map(|one| Parameter::Text((*one).into())).collect::<Vec<_>>();
        type Case<'a> = (Dialect, &'a str, &'a [Value], &'a str, Vec<Parameter>);
        let cases: &[Case] = &[
            (Postgres, "select {}", &[number(7)], "select $1", vec![Parameter::Whole(7)]),
            (
                Mysql,
                "select {}, {}",
                &[number(7), Value::Bool(true)],
                "select ?, ?",
                vec![Parameter::Whole(7), Parameter::Bool(true)],
            ),
            (Postgres, "x = '{}'", &[text("a' or '1'='1")], "x = $1", texts(&["a' or '1'='1"])),
            (Postgres, "x = 'bot-{}'", &[number(7)], "x = $1", texts(&["bot-7"])),
            (
                Sqlite,
                "x = 'it''s {} and {}!' and y = {}",
                &[number(1), text("b"), number(2)],
                "x = ? and y = ?",
                vec![Parameter::Text("it's 1 and b!".into()), Parameter::Whole(2)],
            ),
            (Mysql, r"x = 'it\'s {}'", &[text("c")], "x = ?", texts(&["it's c"])),
            (Mysql, r#"x = "a{}""#, &[text("c")], "x = ?", texts(&["ac"])),
            (
                Postgres,
                "x = 'plain' -- it's\n and y = {}",
                &[number(1)],
                "x = 'plain' -- it's\n and y = $1",
                vec![Parameter::Whole(1)],
            ),
            (
                Postgres,
                "\"a\"\"'b\" = {} /* ' */",
                &[number(1)],
                "\"a\"\"'b\" = $1 /* ' */",
                vec![Parameter::Whole(1)],
            ),
            (Postgres, "$q$ it's $q$ || {}", &[text("x")], "$q$ it's $q$ || $1", texts(&["x"])),
            (Postgres, "e'a\u{e9}' || {}", &[text("x")], "e'a\u{e9}' || $1", texts(&["x"])),
            (Postgres, "{}", &[Value::Json(serde_json::json!({"a": 1}))], "$1", texts(&["{\"a\":1}"])),
            (Postgres, "{}", &[Value::Json(serde_json::Value::Null)], "$1", vec![Parameter::Null]),
        ];
        for (dialect, sql, values, wanted, parameters) in cases {
            let (read, found) = read(*dialect, sql, values).unwrap_or_else(|error| panic!("{sql}: {error}"));
            assert_eq!((read.as_str(), &found), (*wanted, parameters), "{sql}");
        }
    }

    #[test]
    fn a_value_where_none_can_stand_is_told() {
        use Dialect::*;
        let cases = [
            (Postgres, "select * from \"{}\"", StatementError::InName),
            (Mysql, "select * from `{}`", StatementError::InName),
            (Postgres, "select 1 -- {}", StatementError::InComment),
            (Postgres, "select /* {} */ 1", StatementError::InComment),
            (Postgres, "select E'{}'", StatementError::InSpecialText),
            (Postgres, "select $$ {} $$", StatementError::InSpecialText),
        ];
        for (dialect, sql, wanted) in cases {
            assert_eq!(read(dialect, sql, &[number(1)]), Err(wanted), "{sql}");
        }
    }
}
