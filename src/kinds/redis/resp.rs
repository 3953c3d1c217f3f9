//! The protocol of Redis: commands as arrays of bulk strings, and the answers of its versions 2 and 3
//! (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).

use crate::kinds::request::RequestError;
use bytes::{Buf, BytesMut};
use serde_json::Value;

/// Deeper answers end the connection.
const MAX_DEPTH: usize = 64;
/// Redis itself allows no longer string.
const MAX_LENGTH: usize = 512 << 20;

const MALFORMED: RequestError = RequestError::Malformed("RESP");

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reply {
    /// What was asked for.
    Value(Value),
    /// An error of the server's, whole.
    Error(String),
    /// What was not asked for: a message of a subscription, an invalidation.
    Pushed,
}

/// Writes a command.
pub(super) fn write(words: &[&str], out: &mut BytesMut) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Takes an answer off the front of what has come; `None` where it is not whole yet. Its length comes with it.
pub(super) fn take(came: &mut BytesMut) -> Result<Option<(Reply, usize)>, RequestError> {
    let mut whole = Reader { bytes: came, place: 0 };
    if whole.skip(0)?.is_none() {
        return Ok(None);
    }
    let length = whole.place;
    let mut reader = Reader { bytes: &came[..length], place: 0 };
    let kind = reader.bytes.first().copied();
    let value = reader.value()?;
    came.advance(length);
    let reply = match (kind, value) {
        (Some(b'>'), _) => Reply::Pushed,
        (Some(b'-' | b'!'), value) => Reply::Error(error_text(&value).unwrap_or_default()),
        (_, value) => Reply::Value(value),
    };
    Ok(Some((reply, length)))
}

/// An error within an answer is told apart from a text of the same words.
fn error_value(text: String) -> Value {
    Value::Object([("error".to_string(), Value::String(text))].into_iter().collect())
}

fn error_text(value: &Value) -> Option<String> {
    value.get("error")?.as_str().map(str::to_string)
}

struct Reader<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl<'a> Reader<'a> {
    /// The line at the present place, without its end.
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.place..];
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        self.place += end + 2;
        Some(&rest[..end])
    }

    /// Goes over one answer, making nothing; `None` where it is not whole.
    fn skip(&mut self, depth: usize) -> Result<Option<()>, RequestError> {
        if depth > MAX_DEPTH {
            return Err(MALFORMED);
        }
        let Some(line) = self.line() else { return Ok(None) };
        let (kind, rest) = line.split_first().ok_or(MALFORMED)?;
        match kind {
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => Ok(Some(())),
            b'$' | b'!' | b'=' => match length(rest)? {
                None => Ok(Some(())),
                Some(length) => {
                    self.place += length + 2;
                    Ok((self.place <= self.bytes.len()).then_some(()))
                }
            },
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                let count = parts(*kind, rest)?;
                for _ in 0..count {
                    if self.skip(depth + 1)?.is_none() {
                        return Ok(None);
                    }
                }
                // An attribute stands before the answer it belongs to.
                if *kind == b'|' { self.skip(depth + 1) } else { Ok(Some(())) }
            }
            _ => Err(MALFORMED),
        }
    }

    /// The answer at the present place, which is whole.
    fn value(&mut self) -> Result<Value, RequestError> {
        let line = self.line().ok_or(MALFORMED)?;
        let (kind, rest) = line.split_first().ok_or(MALFORMED)?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        Ok(match kind {
            b'+' | b'(' => Value::String(text()),
            b'-' => error_value(text()),
            b':' => number::<i64>(rest)?.into(),
            // JSON has no infinity: such a number stays the text it is.
            b',' => match number::<f64>(rest) {
                Ok(number) if number.is_finite() => Value::from(number),
                _ => Value::String(text()),
            },
            b'_' => Value::Null,
            b'#' => Value::Bool(rest == b"t"),
            b'$' | b'!' | b'=' => match length(rest)? {
                None => Value::Null,
                Some(length) => {
                    let bytes = self.bytes.get(self.place..self.place + length).ok_or(MALFORMED)?;
                    self.place += length + 2;
                    match kind {
                        b'!' => error_value(String::from_utf8_lossy(bytes).into_owned()),
                        // Three letters say what it is: `txt:`
                        b'=' => String::from_utf8_lossy(bytes.get(4..).unwrap_or_default()).into(),
                        _ => String::from_utf8_lossy(bytes).into(),
                    }
                }
            },
            b'*' | b'~' | b'>' if rest == b"-1" => Value::Null,
            b'*' | b'~' | b'>' => {
                let count = parts(*kind, rest)?;
                (0..count).map(|_| self.value()).collect::<Result<_, _>>()?
            }
            b'%' => {
                let pairs = (0..parts(*kind, rest)? / 2).map(|_| {
                    let name = match self.value()? {
                        Value::String(name) => name,
                        other => other.to_string(),
                    };
                    Ok((name, self.value()?))
                });
                Value::Object(pairs.collect::<Result<_, _>>()?)
            }
            _ => {
                for _ in 0..parts(*kind, rest)? {
                    self.value()?;
                }
                self.value()?
            }
        })
    }
}

fn number<N: std::str::FromStr>(digits: &[u8]) -> Result<N, RequestError> {
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(MALFORMED)
}

/// The length of a string; `None` of one that is not there.
fn length(digits: &[u8]) -> Result<Option<usize>, RequestError> {
    match number::<i64>(digits)? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) if length <= MAX_LENGTH => Ok(Some(length)),
            Ok(_) => Err(RequestError::TooLarge(MAX_LENGTH)),
            Err(_) => Err(MALFORMED),
        },
    }
}

/// How many answers follow.
fn parts(kind: u8, digits: &[u8]) -> Result<usize, RequestError> {
    let count = length(digits)?.unwrap_or(0);
    Ok(if matches!(kind, b'%' | b'|') { count * 2 } else { count })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Option<(Reply, usize)>, RequestError> {
        take(&mut BytesMut::from(text))
    }

    #[test]
    fn answers_of_both_versions_are_read() {
        let cases = [
            ("+OK\r\n", json!("OK")),
            (":-7\r\n", json!(-7)),
            ("$3\r\nb\r\n\r\n", json!("b\r\n")),
            ("$-1\r\n", json!(null)),
            ("*-1\r\n", json!(null)),
            ("*0\r\n", json!([])),
            ("*2\r\n$1\r\na\r\n*1\r\n:1\r\n", json!(["a", [1]])),
            ("*1\r\n-ERR no\r\n", json!([{ "error": "ERR no" }])),
            ("_\r\n", json!(null)),
            ("#t\r\n", json!(true)),
            (",1.5\r\n", json!(1.5)),
            (",inf\r\n", json!("inf")),
            ("=7\r\ntxt:one\r\n", json!("one")),
            ("%1\r\n+a\r\n:1\r\n", json!({ "a": 1 })),
            ("~1\r\n+a\r\n", json!(["a"])),
            ("|1\r\n+ttl\r\n:9\r\n+after\r\n", json!("after")),
            ("(12345678901234567890\r\n", json!("12345678901234567890")),
        ];
        for (text, value) in cases {
            assert_eq!(read(text).unwrap(), Some((Reply::Value(value), text.len())), "{text:?}");
            for end in 0..text.len() {
                assert_eq!(read(&text[..end]).unwrap(), None, "{:?}", &text[..end]);
            }
        }
    }

    #[test]
    fn errors_and_what_was_not_asked_for_are_told_apart() {
        assert_eq!(read("-WRONGTYPE x\r\n").unwrap().unwrap().0, Reply::Error("WRONGTYPE x".into()));
        assert_eq!(read("!5\r\nERR y\r\n").unwrap().unwrap().0, Reply::Error("ERR y".into()));
        assert_eq!(read(">1\r\n+message\r\n").unwrap().unwrap().0, Reply::Pushed);
    }

    #[test]
    fn what_is_no_answer_ends_the_connection() {
        let deep = "*1\r\n".repeat(MAX_DEPTH + 2);
        for text in ["HTTP/1.1 400\r\n", "$x\r\n", "$-2\r\n", "\r\n", &deep] {
            assert_eq!(read(text), Err(MALFORMED), "{text:?}");
        }
        assert!(matches!(read("$9999999999\r\n"), Err(RequestError::TooLarge(_))));
    }

    #[test]
    fn a_command_is_an_array_of_strings() {
        let mut out = BytesMut::new();
        write(&["SET", "ä", ""], &mut out);
        assert_eq!(&out[..], "*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$0\r\n\r\n".as_bytes());
    }
}
