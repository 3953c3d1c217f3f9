//! How items are found in a message: by the groups of an expression, or by JSONPaths.

use regex::Regex;
use serde_json_path::JsonPath;

use super::{Doubt, Item, told};
use crate::lang::moment::Moment;
use crate::measure::source::capture::capture;

/// What finds items.
#[derive(Clone, Debug)]
pub enum KnownBy {
    /// Each match is an item: the first group its key, the second its value.
    Groups(Regex),
    /// Each node that `key` finds is the key of an item; with a value there is one of each.
    Paths {
        /// From the message to the key.
        key: JsonPath,
        /// And to the value.
        value: Option<JsonPath>,
    },
}

impl KnownBy {
    /// Adds the items of a message. What is no JSON, or has no key, holds none; one whose value cannot be told is doubted.
    pub fn find(&self, message: &[u8], found: &mut Vec<Item>) -> Option<Doubt> {
        match self {
            KnownBy::Groups(expression) => {
                let (text, mut captured) = (String::from_utf8_lossy(message), Vec::new());
                capture(expression, &text, Moment::START, &mut captured);
                found.extend(captured.into_iter().map(|one| Item { key: one.text, value: one.value }));
                None
            }
            KnownBy::Paths { key, value } => {
                let document: serde_json::Value = serde_json::from_slice(message).ok()?;
                let keys: Vec<String> = key.query(&document).iter().filter_map(|key| told(key)).collect();
                let Some(value) = value else {
                    found.extend(keys.into_iter().map(|key| Item { key, value: None }));
                    return None;
                };
                let values = value.query(&document).all();
                let paired = keys.len() == values.len();
                let mut values = values.into_iter();
                for key in keys {
                    let value = if paired { values.next().and_then(told) } else { None };
                    found.push(Item { key, value });
                }
                found.iter().any(|item| item.value.is_none()).then_some(Doubt::NoValue)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(known: &KnownBy, message: &str) -> Vec<(String, Option<String>)> {
        let mut items = Vec::new();
        known.find(message.as_bytes(), &mut items);
        items.into_iter().map(|item| (item.key, item.value)).collect()
    }

    #[test]
    fn items_are_found_in_messages() {
        let paths = |key: &str, value: Option<&str>| KnownBy::Paths {
            key: JsonPath::parse(key).unwrap(),
            value: value.map(|value| JsonPath::parse(value).unwrap()),
        };
        let groups = KnownBy::Groups(Regex::new(r"id=(\d+) price=([\d.]+)").unwrap());
        let item = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
        assert_eq!(
            found(&groups, "id=3 price=1.5; id=4 price=2"),
            [item("3", Some("1.5")), item("4", Some("2"))]
        );
        let plain = paths("$.id", None);
        assert_eq!(found(&plain, r#"{"id": 7}"#), [item("7", None)]);
        assert_eq!(found(&plain, r#"{"id": "a"}"#), [item("a", None)]);
        assert_eq!(found(&plain, r#"{"id": null}"#), []);
        assert_eq!(found(&plain, "no JSON"), []);
        let priced = paths("$.id", Some("$.price"));
        assert_eq!(found(&priced, r#"{"id": 7, "price": 1.50}"#), [item("7", Some("1.5"))]);
        assert_eq!(priced.find(br#"{"id": 7}"#, &mut Vec::new()), Some(Doubt::NoValue));
        let many = paths("$[*].id", Some("$[*].price"));
        assert_eq!(
            found(&many, r#"[{"id": 1, "price": 2}, {"id": 3, "price": 4}]"#),
            [item("1", Some("2")), item("3", Some("4"))]
        );
    }
}
