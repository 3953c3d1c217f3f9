//! A statement of SQL read once: its text with placeholders, and which values each of them stands for.

use super::statement::{Dialect, Parameter, Statement, StatementError};
use crate::lang::value::Value;
use std::fmt::Write;
use std::rc::Rc;

/// What a statement is written of.
pub(super) enum Part<'a> {
    /// What stands in the file.
    Text(&'a str),
    /// What is interpolated.
    Value,
}

/// A statement with places in it.
#[derive(Debug)]
pub(super) struct Template {
    sql: Rc<str>,
    slots: Vec<Slot>,
}

/// What a placeholder stands for. Values are told by their numbers, from 0.
#[derive(Debug)]
enum Slot {
    Value(usize),
    /// A text in quotes in which values stand.
    Text(Vec<Piece>),
}

#[derive(Debug)]
enum Piece {
    Literal(String),
    Value(usize),
}

impl Template {
    /// From the parts of a statement.
    ///
    /// # Errors
    /// Where a value stands where none can.
    pub fn read<'a>(
        parts: impl IntoIterator<Item = Part<'a>>,
        dialect: Dialect,
    ) -> Result<Template, StatementError> {
        let mut writer = Writer::new(dialect);
        for part in parts {
            match part {
                Part::Text(text) => writer.text(text),
                Part::Value => writer.value()?,
            }
        }
        Ok(Template { sql: writer.sql.into(), slots: writer.slots })
    }

    /// The statement with these values, asked for by their numbers.
    pub fn fill<'v>(&self, value: impl Fn(usize) -> &'v Value) -> Statement {
        let parameter = |slot: &Slot| match slot {
            Slot::Value(number) => Parameter::of(value(*number)),
            Slot::Text(pieces) => {
                let mut whole = String::new();
                for piece in pieces {
                    // A string takes every text.
                    let _ = match piece {
                        Piece::Literal(text) => whole.write_str(text),
                        Piece::Value(number) => write!(whole, "{}", value(*number)),
                    };
                }
                Parameter::Text(whole)
            }
        };
        Statement { sql: Rc::clone(&self.sql), parameters: self.slots.iter().map(parameter).collect() }
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
    slots: Vec<Slot>,
    /// How many values came so far.
    values: usize,
    place: Place,
    /// The present text up to its last value, once a value stands in it.
    within: Option<Vec<Piece>>,
    /// Its content since, without the doubling of quotes.
    content: String,
}

impl Writer {
    fn new(dialect: Dialect) -> Writer {
        Writer {
            dialect,
            sql: String::new(),
            slots: Vec::new(),
            values: 0,
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
            whole.push(Piece::Literal(std::mem::take(&mut self.content)));
            self.placeholder(Slot::Text(whole));
        }
    }

    fn value(&mut self) -> Result<(), StatementError> {
        let number = self.values;
        self.values += 1;
        match &self.place {
            Place::Code => self.placeholder(Slot::Value(number)),
            Place::Text { plain: false, .. } | Place::Dollars(_) => {
                return Err(StatementError::InSpecialText);
            }
            Place::Text { begun, .. } => {
                if self.within.is_none() {
                    self.sql.truncate(*begun);
                }
                let before = std::mem::take(&mut self.content);
                self.within.get_or_insert_default().extend([Piece::Literal(before), Piece::Value(number)]);
            }
            Place::Name(_) => return Err(StatementError::InName),
            Place::LineComment | Place::BlockComment => return Err(StatementError::InComment),
        }
        Ok(())
    }

    fn placeholder(&mut self, slot: Slot) {
        self.slots.push(slot);
        match self.dialect {
            Dialect::Postgres => self.sql.push_str(&format!("${}", self.slots.len())),
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
