//! What one `receive` waits for in a stream of bytes.

use crate::kinds::pattern::Patterns;
use crate::kinds::request::RequestError;
use crate::lang::call::Arguments;
use bytes::{Bytes, BytesMut};
use memchr::memmem;
use regex::bytes::Regex;

/// A longer piece ends its request with an error.
pub(super) const MAX_PIECE: usize = 64 << 20;

/// Where a piece ends.
enum End {
    /// At a newline, before which a carriage return may stand.
    Line,
    /// At these bytes.
    At(Vec<u8>),
    /// After so many bytes.
    After(usize),
}

/// A piece of a stream, to be waited for.
pub(super) struct Piece {
    end: End,
    pattern: Option<Regex>,
    /// Bytes that were looked through already, without an end in them.
    seen: usize,
}

impl Piece {
    /// From the arguments of `receive`.
    pub fn new(arguments: &Arguments, patterns: &Patterns) -> Result<Piece, RequestError> {
        let size = arguments.number("size").map(|size| size.max(0.0).round() as usize);
        let ending = arguments.text("ending").filter(|ending| !ending.is_empty());
        let end = match (size, ending) {
            (Some(size), _) if size > MAX_PIECE => return Err(RequestError::TooLarge(MAX_PIECE)),
            (Some(size), _) => End::After(size),
            (None, Some(ending)) => End::At(ending.as_bytes().to_vec()),
            (None, None) => End::Line,
        };
        let pattern = arguments.text("pattern").map(|pattern| patterns.get(pattern)).transpose()?;
        Ok(Piece { end, pattern, seen: 0 })
    }

    /// Takes the piece out of what has come so far, and what must be passed over before it; `None` where it is not
    /// there yet.
    pub fn take(&mut self, came: &mut BytesMut) -> Result<Option<Bytes>, RequestError> {
        while let Some(whole) = self.next(came) {
            self.seen = 0;
            if self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(&whole)) {
                return Ok(Some(whole));
            }
        }
        if came.len() > MAX_PIECE { Err(RequestError::TooLarge(MAX_PIECE)) } else { Ok(None) }
    }

    fn next(&mut self, came: &mut BytesMut) -> Option<Bytes> {
        let ending: &[u8] = match &self.end {
            End::After(size) => return (came.len() >= *size).then(|| came.split_to(*size).freeze()),
            End::Line => b"\n",
            End::At(ending) => ending,
        };
        let Some(place) = memmem::find(&came[self.seen..], ending).map(|place| self.seen + place) else {
            // The ending may have come in part.
            self.seen = came.len().saturating_sub(ending.len() - 1);
            return None;
        };
        let mut whole = came.split_to(place + ending.len());
        whole.truncate(place);
        if matches!(self.end, End::Line) && whole.last() == Some(&b'\r') {
            whole.truncate(place - 1);
        }
        Some(whole.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::quantity::{Dimension, Quantity};
    use crate::lang::value::Value;

    fn piece(given: &[(&'static str, Value)]) -> Piece {
        let mut arguments = Arguments::default();
        given.iter().for_each(|(name, value)| arguments.push(name, vec![value.clone()]));
        Piece::new(&arguments, &Patterns::default()).unwrap()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// What a piece gives of bytes that come one at a time, and what is left of them.
    fn dripped(mut piece: Piece, bytes: &str) -> (Option<String>, String) {
        let mut came = BytesMut::new();
        let mut rest = bytes.bytes();
        while let Some(byte) = rest.next() {
            came.extend_from_slice(&[byte]);
            if let Some(found) = piece.take(&mut came).unwrap() {
                let left = came.iter().copied().chain(rest).map(char::from).collect();
                return (Some(String::from_utf8_lossy(&found).into_owned()), left);
            }
        }
        (None, String::from_utf8_lossy(&came).into_owned())
    }

    #[test]
    fn a_piece_ends_where_it_says() {
        let size = Value::Quantity(Quantity::measured(3.0, Dimension::SIZE));
        let cases = [
            (piece(&[]), "one\r\ntwo\n", Some("one"), "two\n"),
            (piece(&[]), "\n", Some(""), ""),
            (piece(&[]), "never ends", None, "never ends"),
            (piece(&[("pattern", text("^t"))]), "one\ntwo\nthree\n", Some("two"), "three\n"),
            (piece(&[("ending", text("--"))]), "a-b--c", Some("a-b"), "c"),
            (piece(&[("ending", text("--")), ("pattern", text("b"))]), "a--b--", Some("b"), ""),
            (piece(&[("size", size)]), "a\nbc", Some("a\nb"), "c"),
        ];
        for (piece, bytes, found, left) in cases {
            assert_eq!(dripped(piece, bytes), (found.map(str::to_string), left.to_string()), "{bytes:?}");
        }
    }
}
