//! `json` and `json_count`: a place in a JSON document, or how many places match (RFC 9535).

use serde_json::Value;
use serde_json_path::JsonPath;

use super::{Document, NoValue, Sample};

/// A JSONPath into a document.
#[derive(Clone, Debug)]
pub struct JsonSource {
    document: Document,
    path: JsonPath,
    counts: bool,
}

impl JsonSource {
    /// The one value at `path`.
    pub fn value(document: Document, path: JsonPath) -> JsonSource {
        JsonSource { document, path, counts: false }
    }

    /// How many nodes match `path`.
    pub fn count(document: Document, path: JsonPath) -> JsonSource {
        JsonSource { document, path, counts: true }
    }

    /// Looks once.
    pub async fn sample(&mut self) -> Sample {
        let (path, counts, name) = (self.path.clone(), self.counts, self.document.name());
        let looked = self.document.parsed(move |value| look(&value, &path, counts, name)).await;
        looked.unwrap_or_else(Sample::None)
    }
}

fn look(document: &Value, path: &JsonPath, counts: bool, name: String) -> Sample {
    let nodes = path.query(document).all();
    if counts {
        return Sample::Number(nodes.len() as f64);
    }
    match nodes[..] {
        [] => Sample::None(NoValue::NoMatch(name)),
        [node] => single(node, name),
        _ => Sample::None(NoValue::ManyMatches(name, nodes.len())),
    }
}

fn single(node: &Value, name: String) -> Sample {
    let not_single = |name, what| Sample::None(NoValue::NotSingle(name, what));
    match node {
        Value::Bool(value) => Sample::Bool(*value),
        Value::String(text) => Sample::Text(text.clone()),
        Value::Number(number) => match number.as_f64() {
            Some(number) => Sample::Number(number),
            None => not_single(name, "a number out of range"),
        },
        Value::Null => not_single(name, "null"),
        Value::Array(_) => not_single(name, "a list"),
        Value::Object(_) => not_single(name, "an object"),
    }
}
