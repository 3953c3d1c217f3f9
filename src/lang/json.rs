//! JSON read for one part of it, without a tree of the whole; and texts as JSON writes them.

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::fmt::{self, Write};

/// The part of a document that a path of member names leads to; `None` where there is no such part. Of members that
/// come more than once the last one counts, as it does in a tree.
///
/// # Errors
/// When the document is not JSON.
pub fn find(document: &[u8], path: &[&str]) -> Result<Option<serde_json::Value>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(document);
    let found = Find { path }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(found)
}

#[derive(Clone, Copy)]
struct Find<'p> {
    path: &'p [&'p str],
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<serde_json::Value>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        if self.path.is_empty() {
            return serde_json::Value::deserialize(reader).map(Some);
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<serde_json::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let Some((name, rest)) = self.path.split_first() else { return Ok(None) };
        let mut found = None;
        while let Some(is_it) = members.next_key_seed(Named(name))? {
            if is_it {
                found = members.next_value_seed(Find { path: rest })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        if let Some((place, rest)) = self.path.split_first()
            && let Ok(place) = place.parse::<usize>()
        {
            for _ in 0..place {
                if items.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            found = items.next_element_seed(Find { path: rest })?.flatten();
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Whether a member's name is the one looked for.
struct Named<'p>(&'p str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// Writes texts on as they stand between the quotes of a JSON string (RFC 8259, section 7).
pub struct Escaped<'a>(pub &'a mut dyn Write);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, byte) in text.bytes().enumerate() {
            if byte >= b' ' && byte != b'"' && byte != b'\\' {
                continue;
            }
            self.0.write_str(&text[plain..at])?;
            plain = at + 1;
            match byte {
                b'"' => self.0.write_str("\\\"")?,
                b'\\' => self.0.write_str("\\\\")?,
                b'\n' => self.0.write_str("\\n")?,
                b'\r' => self.0.write_str("\\r")?,
                b'\t' => self.0.write_str("\\t")?,
                0x08 => self.0.write_str("\\b")?,
                0x0c => self.0.write_str("\\f")?,
                other => write!(self.0, "\\u{other:04x}")?,
            }
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_what_it_would_be_in_a_tree() {
        let documents = [
            r#"{"id": 7, "part": {"name": "seven", "list": [1, {"name": 2}]}, "id": 8}"#,
            r#"{"part": {"name": 1}, "part": {}}"#,
            r#"{"id": null, "pa\u0072t": {"name": "x\n\u00e9"}}"#,
            "[1, 2]",
            "7",
            "\"text\"",
            "",
            "{\"id\": 1} {",
            "{\"id\": 1,}",
        ];
        let paths: [&[&str]; 10] = [
            &["id"],
            &["part"],
            &["part", "name"],
            &["part", "name", "deeper"],
            &["none"],
            &["1"],
            &["2"],
            &["part", "list", "0"],
            &["part", "list", "1", "name"],
            &["part", "list", "2", "name"],
        ];
        let member = |whole: &serde_json::Value, name: &str| match whole {
            serde_json::Value::Array(items) => items.get(name.parse::<usize>().ok()?).cloned(),
            other => other.get(name).cloned(),
        };
        for document in documents {
            let tree: Option<serde_json::Value> = serde_json::from_str(document).ok();
            for path in paths {
                let expected = tree
                    .clone()
                    .and_then(|tree| path.iter().try_fold(tree, |part, name| member(&part, name)));
                match find(document.as_bytes(), path) {
                    Ok(found) => assert_eq!(found, expected, "{document} {path:?}"),
                    Err(_) => assert_eq!(tree, None, "{document} {path:?}"),
                }
            }
        }
    }

    #[test]
    fn texts_are_escaped_as_a_tree_writes_them() {
        let text: String = (0u8..128).map(char::from).chain("é€😀".chars()).collect();
        let mut escaped = String::new();
        Escaped(&mut escaped).write_str(&text).unwrap();
        assert_eq!(format!("\"{escaped}\""), serde_json::to_string(&text).unwrap());
    }
}
