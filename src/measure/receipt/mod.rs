//! What a ledger receives that is neither a line nor a file: rows of a database and items of a document, which are looked
//! at again and again, and messages.

pub mod comparison;
pub mod items;
pub mod known_by;
pub mod missed;
pub mod rows;

use crate::lang::value::Value;

/// One item, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is known by.
    pub key: String,
    /// What must be as it was sent.
    pub value: Option<String>,
}

/// What looking once has brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Items that have come since the look before, each as often as it came.
    pub received: Vec<Item>,
    /// Items that had come and now have another value.
    pub changed: Vec<Item>,
    /// What stands there and cannot be counted, where that is so.
    pub doubt: Option<Doubt>,
}

/// Why a look does not tell all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Doubt {
    /// Nothing of the answer before is left in this one.
    #[error("nothing of one answer was left in the next, so items may have come and gone between the two")]
    Replaced,
    /// Items without a key.
    #[error("something in an answer has no key")]
    NoKey,
    /// Items of a ledger with values that have none.
    #[error("something in an answer has no value to compare")]
    NoValue,
}

/// A part of JSON as the key or the value of an item: written as what an action captures of JSON is. What is not there
/// is none.
fn told(part: &serde_json::Value) -> Option<String> {
    match part {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(Value::from_json(other.clone()).to_string()),
    }
}
