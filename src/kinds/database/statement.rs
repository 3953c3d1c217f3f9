//! Statements of SQL: what stands in the file is text, what is interpolated is a value that is sent beside it.
//!
//! An interpolation becomes a placeholder, so no value can change what a statement means. One that stands in a text in
//! single quotes makes that whole text one value: `'bot-{user}'` is sent as `$1` with `bot-7`. In a quoted name or a
//! comment there is nothing that a value could stand for, which is an error.

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
        let mut writer = Writer::new(dialect);
        for (index, part) in parts.iter().enumerate() {
            match part {
                Value::Text(text) if index % 2 == 0 => writer.text(text),
                value => writer.value(value)?,
            }
        }
        Ok(Statement { sql: writer.sql.into(), parameters: writer.parameters })
    }
}

/// Where in a statement the writer is.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Code,
    /// In a text that began at this byte of what is written, after an ordinary character or not.
    Text {
        quote: char,
        begun: usize,
        plain: bool,
    },
    Name(char),
    LineComment,
    BlockComment,
    /// In dollar quotes, with what ends them.
    Dollars(String),
}

struct Writer {
    dialect: Dialect,
    sql: String,
    parameters: Vec<Parameter>,
    place: Place,
    /// The present text, once a value stands in it.
    within: Option<String>,
    /// Its content so far, without the doubling of quotes.
    content: String,
}

impl Writer {
    fn new(dialect: Dialect) -> Writer {
        Writer {
            dialect,
            sql: String::new(),
            parameters: Vec::new(),
            place: Place::Code,
            within: None,
            content: String::new(),
        }
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let taken = match self.place.clone() {
                Place::Code => self.code(rest, character),
                Place::Text { quote, begun, .. } => self.in_text(rest, character, quote, begun),
                Place::Name(quote) => {
                    if character == quote {
                        // Doubled, it opens again at once.
                        self.place = Place::Code;
                    }
                    character.len_utf8()
                }
                Place::LineComment => {
                    if character == '\n' {
                        self.place = Place::Code;
                    }
                    character.len_utf8()
                }
                Place::BlockComment => {
                    if rest.starts_with("*/") {
                        self.place = Place::Code;
                        2
                    } else {
                        character.len_utf8()
                    }
                }
                Place::Dollars(end) => {
                    if rest.starts_with(&end) {
                        self.place = Place::Code;
                        end.len()
                    } else {
                        character.len_utf8()
                    }
                }
            };
            let (written, left) = rest.split_at(taken);
            if self.within.is_none() {
                self.sql.push_str(written);
            }
            if self.place == Place::Code {
                self.close();
            }
            rest = left;
        }
    }

    /// A character outside of everything; gives how many bytes it takes.
    fn code(&mut self, rest: &str, character: char) -> usize {
        let mysql = self.dialect == Dialect::Mysql;
        match character {
            '\'' => self.open_text(character),
            '"' if mysql => self.open_text(character),
            '"' => self.place = Place::Name(character),
            '`' if self.dialect != Dialect::Postgres => self.place = Place::Name(character),
            '#' if mysql => self.place = Place::LineComment,
            '-' if rest.starts_with("--") => self.place = Place::LineComment,
            '/' if rest.starts_with("/*") => {
                self.place = Place::BlockComment;
                return 2;
            }
            '$' if self.dialect == Dialect::Postgres => {
                if let Some(tag) = dollar_tag(rest) {
                    self.place = Place::Dollars(tag.to_owned());
                    return tag.len();
                }
            }
            _ => {}
        }
        character.len_utf8()
    }

    fn open_text(&mut self, quote: char) {
        let plain =
            !self.sql.ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | '&'));
        self.place = Place::Text { quote, begun: self.sql.len(), plain };
        self.content.clear();
    }

    fn in_text(&mut self, rest: &str, character: char, quote: char, _begun: usize) -> usize {
        let next = rest.chars().nth(1);
        if character == quote && next == Some(quote) {
            self.content.push(quote);
            return 2 * quote.len_utf8();
        }
        if character == quote {
            self.place = Place::Code;
            return quote.len_utf8();
        }
        if let (Dialect::Mysql, '\\', Some(escaped)) = (self.dialect, character, next) {
            match escaped {
                'n' => self.content.push('\n'),
                't' => self.content.push('\t'),
                'r' => self.content.push('\r'),
                '0' => self.content.push('\0'),
                '%' | '_' => self.content.extend(['\\', escaped]),
                other => self.content.push(other),
            }
            return 1 + escaped.len_utf8();
        }
        self.content.push(character);
        character.len_utf8()
    }

    /// A text that ended with a value in it is one parameter.
    fn close(&mut self) {
        if let Some(mut whole) = self.within.take() {
            whole.push_str(&self.content);
            self.content.clear();
            self.placeholder(Parameter::Text(whole));
        }
    }

    fn value(&mut self, value: &Value) -> Result<(), StatementError> {
        match &self.place {
            Place::Code => self.placeholder(Parameter::of(value)),
            Place::Text { plain: false, .. } | Place::Dollars(_) => {
                return Err(StatementError::InSpecialText);
            }
            Place::Text { begun, .. } => {
                if self.within.is_none() {
                    self.sql.truncate(*begun);
                }
                let whole = self.within.get_or_insert_default();
                whole.push_str(&self.content);
                whole.push_str(&value.to_string());
                self.content.clear();
            }
            Place::Name(_) => return Err(StatementError::InName),
            Place::LineComment | Place::BlockComment => return Err(StatementError::InComment),
        }
        Ok(())
    }

    fn placeholder(&mut self, parameter: Parameter) {
        self.parameters.push(parameter);
        match self.dialect {
            Dialect::Postgres => self.sql.push_str(&format!("${}", self.parameters.len())),
            Dialect::Mysql | Dialect::Sqlite => self.sql.push('?'),
        }
    }
}

/// `$$` or `$tag$` at the beginning of a text.
fn dollar_tag(text: &str) -> Option<&str> {
    let name = text[1..].find('$')?;
    let tag = &text[1..=name];
    let is_name = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|first: char| first.is_ascii_digit());
    is_name.then(|| &text[..name + 2])
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
