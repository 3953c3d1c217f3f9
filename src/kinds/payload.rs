//! What is sent where a protocol carries anything: a text, JSON on one line, or bytes in hexadecimal.

use super::request::RequestError;
use crate::lang::call::{Arguments, Message};
use crate::lang::value::Value;

/// The message that `json`, `hex` or `text` give; an empty text where none is given.
///
/// # Errors
/// Where `hex` is no bytes.
pub fn message(arguments: &Arguments) -> Result<Message, RequestError> {
    let given = ["json", "hex", "text"].into_iter().find_map(|name| Some((name, arguments.value(name)?)));
    given.map_or(Ok(Message::Text(String::new())), |(name, value)| of(name, value))
}

/// A message from one value and the word in front of it.
///
/// # Errors
/// Where `hex` is no bytes.
pub fn of(name: &str, value: &Value) -> Result<Message, RequestError> {
    Ok(match name {
        "json" => Message::Text(value.to_json().to_string()),
        "hex" => Message::Binary(bytes(&value.to_string()).ok_or_else(|| {
            RequestError::Invalid(
                "`hex` wants pairs of the digits 0-9 and a-f, spaces between them or not".into(),
            )
        })?),
        _ => Message::Text(value.to_string()),
    })
}

/// The bytes that pairs of hexadecimal digits stand for.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let (pairs, []) = digits.as_deref()?.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_come_in_pairs() {
        assert_eq!(bytes("00 ff7F").as_deref(), Some(&[0, 255, 127][..]));
        assert_eq!(bytes("").as_deref(), Some(&[][..]));
        for wrong in ["0", "0g", "00f"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn json_keeps_its_quotes_and_text_has_none() {
        let text = Value::Text("one".into());
        assert_eq!(of("json", &text).unwrap(), Message::Text("\"one\"".into()));
        assert_eq!(of("text", &text).unwrap(), Message::Text("one".into()));
    }
}
