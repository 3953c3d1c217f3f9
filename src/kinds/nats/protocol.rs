//! The lines of the NATS protocol (<https://docs.nats.io/reference/reference-protocols/nats-protocol>): what a client says
//! and what it hears.

use crate::kinds::request::RequestError;
use bytes::{Buf, Bytes, BytesMut};

/// A longer line is none.
const MAX_LINE: usize = 1 << 16;
/// A larger message ends the connection; servers allow 64 MiB at most.
const MAX_MESSAGE: usize = 64 << 20;

const MALFORMED: RequestError = RequestError::Malformed("NATS");

/// What is heard.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// What the server says of itself, as JSON.
    Info(Bytes),
    Ping,
    Pong,
    Ok,
    /// What is wrong, without the quotes.
    Error(String),
    Message(Delivered),
}

/// A message for a subscription.
#[derive(Debug, PartialEq)]
pub(super) struct Delivered {
    pub subject: String,
    /// The status in its headers: 503 says that nobody listens.
    pub status: Option<u16>,
    pub body: Bytes,
}

/// Takes the next thing off the front of what has come; `None` where it is not whole yet.
pub(super) fn take(came: &mut BytesMut) -> Result<Option<Heard>, RequestError> {
    let Some(end) = memchr::memchr(b'\n', came) else {
        return if came.len() > MAX_LINE { Err(MALFORMED) } else { Ok(None) };
    };
    let line = came[..end].strip_suffix(b"\r").ok_or(MALFORMED)?;
    let line = std::str::from_utf8(line).map_err(|_| MALFORMED)?;
    let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let heard = match word.to_ascii_uppercase().as_str() {
        "INFO" => Heard::Info(Bytes::copy_from_slice(rest.as_bytes())),
        "PING" => Heard::Ping,
        "PONG" => Heard::Pong,
        "+OK" => Heard::Ok,
        "-ERR" => Heard::Error(rest.trim().trim_matches('\'').to_string()),
        word @ ("MSG" | "HMSG") => {
            let words: Vec<&str> = rest.split_whitespace().collect();
            let Some(sizes) = sizes(word, &words) else { return Err(MALFORMED) };
            let (headers, whole) = sizes;
            if whole > MAX_MESSAGE {
                return Err(RequestError::TooLarge(MAX_MESSAGE));
            }
            // A newline ends it again.
            if came.len() < end + 1 + whole + 2 {
                return Ok(None);
            }
            let subject = words[0].to_string();
            came.advance(end + 1);
            let headers = came.split_to(headers);
            let body = came.split_to(whole - headers.len()).freeze();
            if came.split_to(2) != b"\r\n"[..] {
                return Err(MALFORMED);
            }
            return Ok(Some(Heard::Message(Delivered { subject, status: status(&headers), body })));
        }
        _ => return Err(MALFORMED),
    };
    came.advance(end + 1);
    Ok(Some(heard))
}

/// The length of the headers and of all: behind subject, number and, perhaps, where to answer.
fn sizes(word: &str, words: &[&str]) -> Option<(usize, usize)> {
    let number = |text: &str| text.parse().ok();
    let (headers, whole) = match (word, words) {
        ("MSG", [_, _, size] | [_, _, _, size]) => (0, number(size)?),
        ("HMSG", [_, _, headers, whole] | [_, _, _, headers, whole]) => (number(headers)?, number(whole)?),
        _ => return None,
    };
    (headers <= whole).then_some((headers, whole))
}

/// The status of headers: `NATS/1.0 503`.
fn status(headers: &[u8]) -> Option<u16> {
    let line = headers.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(line).ok()?.strip_prefix("NATS/1.0 ")?.get(..3)?.parse().ok()
}

/// What an error is counted as: its words up to where it speaks of one subject or client.
pub(super) fn named(error: &str) -> RequestError {
    let end = [" for ", " to ", ":", "\""].iter().filter_map(|mark| error.find(mark)).min();
    RequestError::Failed(error[..end.unwrap_or(error.len())].trim().to_string())
}

/// Whether a subject can be written: no spaces, nothing empty.
pub(super) fn subject(subject: &str) -> Result<&str, RequestError> {
    let good = !subject.is_empty() && !subject.contains(|c: char| c.is_whitespace() || c.is_control());
    if good {
        Ok(subject)
    } else {
        Err(RequestError::Invalid("the subject is empty or has a space in it".into()))
    }
}

/// Writes a message.
pub(super) fn publish(out: &mut BytesMut, subject: &str, answer_to: Option<&str>, body: &[u8]) {
    let answer_to = answer_to.map_or(String::new(), |inbox| format!("{inbox} "));
    out.extend_from_slice(format!("PUB {subject} {answer_to}{}\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_is_whole_or_waited_for() {
        let message = |subject: &str, status, body: &'static str| {
            Heard::Message(Delivered { subject: subject.into(), status, body: body.into() })
        };
        let cases = [
            ("PING\r\n", Heard::Ping),
            ("pong\r\n", Heard::Pong),
            ("+OK\r\n", Heard::Ok),
            ("INFO {\"a\": 1}\r\n", Heard::Info("{\"a\": 1}".into())),
            ("-ERR 'Stale Connection'\r\n", Heard::Error("Stale Connection".into())),
            ("MSG a.b 1 5\r\nab\r\nc\r\n", message("a.b", None, "ab\r\nc")),
            ("MSG a 1 inbox 0\r\n\r\n", message("a", None, "")),
            ("HMSG a 1 16 18\r\nNATS/1.0 503\r\n\r\nok\r\n", message("a", Some(503), "ok")),
        ];
        for (text, heard) in cases {
            for end in 0..text.len() {
                assert_eq!(take(&mut BytesMut::from(&text[..end])).unwrap(), None, "{:?}", &text[..end]);
            }
            let mut came = BytesMut::from(text);
            assert_eq!(take(&mut came).unwrap(), Some(heard), "{text:?}");
            assert!(came.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_nats_ends_the_connection() {
        for text in
            ["220 mail\r\n", "MSG a\r\n", "MSG a 1 -1\r\n", "PING\n", "MSG a 1 1\r\nabc", "HMSG a 1 9 2\r\n"]
        {
            assert_eq!(take(&mut BytesMut::from(text)), Err(MALFORMED), "{text:?}");
        }
        let huge = "MSG a 1 999999999\r\n";
        assert!(matches!(take(&mut BytesMut::from(huge)), Err(RequestError::TooLarge(_))));
    }

    #[test]
    fn errors_are_named_without_what_differs() {
        let named = |text| named(text).to_string();
        assert_eq!(named("Permissions Violation for Publish to \"a.7\""), "Permissions Violation");
        assert_eq!(named("Authorization Violation"), "Authorization Violation");
    }
}
