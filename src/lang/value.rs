//! What an expression comes to.

use super::quantity::{Amount, Quantity};
use std::cmp::Ordering;
use std::fmt;

/// A value while a scenario runs.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number with its dimension.
    Quantity(Quantity),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// Two ends of one dimension, between which one is drawn each time.
    Range(Quantity, Quantity),
    /// An object, or what came back in an answer and is neither number, truth value nor text.
    Json(serde_json::Value),
    /// A row of a table: its columns with their values, dimensions and all.
    Row(Vec<(String, Value)>),
}

impl Value {
    /// A plain number.
    pub fn number(value: f64) -> Value {
        Value::Quantity(Quantity::measured(value, super::quantity::Dimension::NONE))
    }

    /// The quantity, where it is one.
    pub fn as_quantity(&self) -> Option<Quantity> {
        match self {
            Value::Quantity(quantity) => Some(*quantity),
            _ => None,
        }
    }

    /// The truth value, where it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// From JSON: numbers, truth values and texts become their own kind of value.
    pub fn from_json(json: serde_json::Value) -> Value {
        match json {
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::String(text) => Value::Text(text),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(whole) => Value::Quantity(Quantity::number(whole.into())),
                None => Value::number(number.as_f64().unwrap_or(f64::NAN)),
            },
            other => Value::Json(other),
        }
    }

    /// As JSON. A quantity with a dimension becomes a number of seconds or bytes, a range a list of its two ends.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Quantity(quantity) => quantity_to_json(*quantity),
            Value::Bool(value) => (*value).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Value::to_json).collect(),
            Value::Range(low, high) => [low, high].into_iter().map(|end| quantity_to_json(*end)).collect(),
            Value::Json(json) => json.clone(),
            Value::Row(cells) => serde_json::Value::Object(
                cells.iter().map(|(name, cell)| (name.clone(), cell.to_json())).collect(),
            ),
        }
    }

    /// Whether two values are the same; values of different kinds never are.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Quantity(left), Value::Quantity(right)) => left == right,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Text(left), Value::Text(right)) => left == right,
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.same(right))
            }
            (Value::Json(_), _) | (_, Value::Json(_)) => self.to_json() == other.to_json(),
            _ => false,
        }
    }

    /// The order of two quantities of one dimension, or of two texts.
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self, other) {
            (Value::Quantity(left), Value::Quantity(right)) => left.compare(*right),
            (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }
}

/// A whole number stays whole, so that an id that was captured is sent back as it came.
fn quantity_to_json(quantity: Quantity) -> serde_json::Value {
    if let Amount::Exact(ratio) = quantity.amount
        && ratio.is_integer()
        && let Ok(whole) = i64::try_from(ratio.to_integer())
    {
        return whole.into();
    }
    quantity.to_f64().into()
}

/// As it stands in an interpolated text: a plain number without grouping, everything else as people write it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Quantity(quantity) => match quantity.amount {
                _ if quantity.percent || quantity.dimension != super::quantity::Dimension::NONE => {
                    write!(f, "{quantity}")
                }
                Amount::Exact(ratio) if ratio.is_integer() => match i64::try_from(*ratio.numer()) {
                    Ok(whole) if *ratio.denom() == 1 => write!(f, "{whole}"),
                    _ => write!(f, "{}", ratio.to_integer()),
                },
                _ => write!(f, "{}", quantity.to_f64()),
            },
            Value::Bool(value) => write!(f, "{value}"),
            Value::Text(text) => f.write_str(text),
            Value::Range(low, high) => write!(f, "{low}..{high}"),
            Value::List(_) | Value::Json(_) | Value::Row(_) => write!(f, "{}", self.to_json()),
        }
    }
}
