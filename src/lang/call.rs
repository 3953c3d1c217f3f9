//! What a target is told, with every value known: a verb (or a declaration) and its arguments.

use super::quantity::Quantity;
use super::value::Value;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The arguments of a verb or the settings of a target, by the names of their parameters.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    given: Vec<(&'static str, Vec<Value>)>,
}

impl Arguments {
    /// Adds an argument; one that is given again stands beside the first.
    pub fn push(&mut self, name: &'static str, values: Vec<Value>) {
        self.given.push((name, values));
    }

    /// Whether it was given: the question to ask of a flag.
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// The values of the first argument of that name.
    pub fn values(&self, name: &str) -> Option<&[Value]> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, values)| values.as_slice())
    }

    /// The values of every argument of that name, in the order written.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [Value]> {
        self.given.iter().filter(move |(given, _)| *given == name).map(|(_, values)| values.as_slice())
    }

    /// The first value of the first argument of that name.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values(name).and_then(<[Value]>::first)
    }

    /// As a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_text)
    }

    /// As a quantity.
    pub fn quantity(&self, name: &str) -> Option<Quantity> {
        self.value(name).and_then(Value::as_quantity)
    }

    /// As a duration.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        self.quantity(name).and_then(Quantity::to_duration)
    }

    /// As a plain number: a count, or a share from 0 to 1.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.quantity(name).map(Quantity::to_f64)
    }

    /// All that was given, in the order written.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[Value])> {
        self.given.iter().map(|(name, values)| (*name, values.as_slice()))
    }
}

/// A verb with its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    /// The verb's name.
    pub verb: &'static str,
    /// Its arguments.
    pub arguments: Arguments,
}

/// What is sent over an open connection, or to a broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Text, JSON written on one line among it.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Message {
    /// As it goes out.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
        }
    }
}

/// A turn of a conversation on an open connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    /// Sends a message.
    Send(Message),
    /// Waits for a message; with a regular expression, for the first one that it matches.
    Receive(Option<String>),
    /// Keeps the connection open, whatever comes.
    Hold(Duration),
}
