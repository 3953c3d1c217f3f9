//! A body in chunks (RFC 9112, section 7.1), decoded as it comes. Extensions and trailers are read over.

use crate::kinds::request::RequestError;

/// A line between chunks, with its extensions, is not longer than this.
const MAX_LINE: usize = 4 << 10;
/// Nor are all trailers together.
const MAX_TRAILERS: usize = 64 << 10;

/// Where in a body the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the digits of a size, after so many of them.
    Size(usize),
    /// Behind the digits, up to the end of the line.
    Extension,
    /// In a chunk's data.
    Data,
    /// Behind it.
    DataEnd,
    /// At the start of a line behind the last chunk.
    Trailer,
    /// Within such a line.
    TrailerLine,
    /// The body has ended.
    End,
}

/// A body on its way.
#[derive(Debug)]
pub(super) struct Chunked {
    place: Place,
    /// Of the present chunk, what is left.
    left: u64,
    /// Bytes of the present line, or of all trailers.
    line: usize,
}

impl Chunked {
    pub fn new() -> Chunked {
        Chunked { place: Place::Size(0), left: 0, line: 0 }
    }

    /// Whether the whole body has come.
    pub fn has_ended(&self) -> bool {
        self.place == Place::End
    }

    /// Takes bytes in, hands the data among them on, and tells how many belonged to this body: all of them, unless it
    /// has ended.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        data: &mut dyn FnMut(&[u8]) -> Result<(), RequestError>,
    ) -> Result<usize, RequestError> {
        let mut used = 0;
        while used < bytes.len() && self.place != Place::End {
            if self.place == Place::Data {
                let part = self.left.min((bytes.len() - used) as u64) as usize;
                data(&bytes[used..used + part])?;
                used += part;
                self.left -= part as u64;
                if self.left == 0 {
                    self.place = Place::DataEnd;
                }
            } else {
                self.step(bytes[used])?;
                used += 1;
            }
        }
        Ok(used)
    }

    fn step(&mut self, byte: u8) -> Result<(), RequestError> {
        self.line += 1;
        let in_trailers = matches!(self.place, Place::Trailer | Place::TrailerLine);
        if self.line > if in_trailers { MAX_TRAILERS } else { MAX_LINE } {
            return Err(RequestError::Garbled);
        }
        self.place = match (self.place, byte) {
            (Place::Size(digits), _) if byte.is_ascii_hexdigit() => {
                let digit = u64::from((byte as char).to_digit(16).unwrap_or(0));
                self.left = self.left.checked_mul(16).ok_or(RequestError::Garbled)? | digit;
                Place::Size(digits + 1)
            }
            (Place::Size(1..) | Place::Extension, b'\n') => {
                self.line = 0;
                if self.left == 0 { Place::Trailer } else { Place::Data }
            }
            (Place::Size(1..), b'\r' | b';' | b' ' | b'\t') | (Place::Extension, _) => Place::Extension,
            (Place::DataEnd, b'\r') => Place::DataEnd,
            (Place::DataEnd, b'\n') => {
                self.line = 0;
                Place::Size(0)
            }
            (Place::Trailer, b'\n') => Place::End,
            (Place::Trailer, b'\r') => Place::Trailer,
            (Place::TrailerLine, b'\n') => Place::Trailer,
            (Place::Trailer | Place::TrailerLine, _) => Place::TrailerLine,
            _ => return Err(RequestError::Garbled),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body, how many bytes it took, and whether it has ended; fed in pieces of a size.
    fn decode(text: &str, piece: usize) -> Result<(String, usize, bool), RequestError> {
        let mut chunked = Chunked::new();
        let (mut body, mut used) = (Vec::new(), 0);
        for bytes in text.as_bytes().chunks(piece) {
            used += chunked.decode(bytes, &mut |data| {
                body.extend_from_slice(data);
                Ok(())
            })?;
        }
        Ok((String::from_utf8(body).unwrap(), used, chunked.has_ended()))
    }

    #[test]
    fn chunks_are_put_together_however_they_arrive() {
        let text =
            "5\r\nhello\r\n10;name=\"x\"\r\n, wide world 123\r\n0\r\nx-trailer: 1\r\nx-more: 2\r\n\r\n";
        for piece in 1..=text.len() {
            let (body, used, ended) = decode(text, piece).unwrap();
            assert_eq!((body.as_str(), used, ended), ("hello, wide world 123", text.len(), true), "{piece}");
        }
        // What follows belongs to something else.
        assert_eq!(decode("0\r\n\r\nHTTP/1.1", 100), Ok((String::new(), 5, true)));
        assert_eq!(decode("3\r\nab", 1), Ok(("ab".into(), 5, false)));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for text in ["xyz\r\n", "\r\n", "5 \r\nhelloX", "-1\r\n", "11111111111111111\r\n", ";a\r\n"] {
            assert_eq!(decode(text, 3), Err(RequestError::Garbled), "{text}");
        }
        let long = format!("1;{}", "x".repeat(MAX_LINE));
        assert_eq!(decode(&long, 100), Err(RequestError::Garbled));
        let trailers = format!("0\r\n{}", "a: b\r\n".repeat(MAX_TRAILERS / 6 + 1));
        assert_eq!(decode(&trailers, 1000), Err(RequestError::Garbled));
    }
}
