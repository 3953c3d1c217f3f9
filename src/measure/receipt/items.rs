//! Items of a JSON document: a file, or what a URL answers.

use serde_json_path::JsonPath;

use super::comparison::{Comparison, Row};
use super::{Doubt, Item, Look, told};
use crate::measure::source::{Document, NoValue};

/// A document whose items are received.
#[derive(Debug)]
pub struct Items {
    document: Document,
    items: JsonPath,
    /// From an item to its key; without it the item is its key.
    key: Option<JsonPath>,
    value: Option<JsonPath>,
    comparison: Comparison,
}

impl Items {
    /// Looks for items in a document.
    pub fn new(document: Document, items: JsonPath, key: Option<JsonPath>, value: Option<JsonPath>) -> Items {
        Items { document, items, key, value, comparison: Comparison::default() }
    }

    /// Looks once. The first look finds what was there before.
    ///
    /// # Errors
    /// Why nothing was seen.
    pub async fn look(&mut self) -> Result<Look, String> {
        let (items, key, value) = (self.items.clone(), self.key.clone(), self.value.clone());
        let parsed =
            self.document.parsed(move |document| rows(&document, &items, key.as_ref(), value.as_ref()));
        let (rows, doubt) = match parsed.await {
            Ok(found) => found,
            // A file that nobody has written yet holds nothing.
            Err(NoValue::Missing(_)) => (Vec::new(), None),
            Err(why) => return Err(why.to_string()),
        };
        let look = self.comparison.next(rows);
        Ok(Look { doubt: look.doubt.or(doubt), ..look })
    }

    /// From now on everything that is found has come.
    pub fn begin_empty(&mut self) {
        if !self.comparison.begun() {
            self.comparison.next(Vec::new());
        }
    }
}

fn rows(
    document: &serde_json::Value,
    items: &JsonPath,
    key: Option<&JsonPath>,
    value: Option<&JsonPath>,
) -> (Vec<Row>, Option<Doubt>) {
    let (mut rows, mut doubt) = (Vec::new(), None);
    let part = |item: &serde_json::Value, path: Option<&JsonPath>| match path {
        Some(path) => path.query(item).at_most_one().ok().flatten().and_then(told),
        None => told(item),
    };
    for item in items.query(document) {
        let Some(known) = part(item, key) else {
            doubt = doubt.or(Some(Doubt::NoKey));
            continue;
        };
        let value = value.map(|path| part(item, Some(path)));
        if value == Some(None) {
            doubt = doubt.or(Some(Doubt::NoValue));
        }
        rows.push(Row { item: Item { key: known, value: value.flatten() }, place: None });
    }
    (rows, doubt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_have_a_key_and_a_value() {
        let path = |text: &str| JsonPath::parse(text).unwrap();
        let document = serde_json::json!({"orders": [{"id": 1, "price": 2.50}, {"id": "b"}, {"price": 3}]});
        let found = |items: &str, key: Option<&str>, value: Option<&str>| {
            let (key, value) = (key.map(path), value.map(path));
            let (rows, doubt) = rows(&document, &path(items), key.as_ref(), value.as_ref());
            let rows: Vec<_> = rows.into_iter().map(|row| (row.item.key, row.item.value)).collect();
            (rows, doubt)
        };
        let item = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
        assert_eq!(found("$.orders[*].id", None, None), (vec![item("1", None), item("b", None)], None));
        assert_eq!(
            found("$.orders[*]", Some("$.id"), None),
            (vec![item("1", None), item("b", None)], Some(Doubt::NoKey))
        );
        assert_eq!(
            found("$.orders[:2]", Some("$.id"), Some("$.price")),
            (vec![item("1", Some("2.5")), item("b", None)], Some(Doubt::NoValue))
        );
    }
}
