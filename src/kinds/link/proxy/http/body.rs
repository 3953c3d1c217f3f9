//! Where the body of a message ends (RFC 9112, section 6).

/// The longest line of a chunk's size that is believed, its extensions included.
const LONGEST_LINE: usize = 16 << 10;

/// A body that is being passed, and how much of it is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    Chunked(Chunks),
    /// Up to the end of the connection.
    UntilClose,
}

/// A place in a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In the line with a chunk's size: what of it was read, and how long the line is so far.
    Size {
        size: u64,
        digits: bool,
        length: usize,
    },
    /// In the data of a chunk.
    Data(u64),
    /// In the end of the line behind them.
    DataEnd,
    /// In the lines behind the last chunk; whether the present one is empty so far.
    Trailer {
        empty: bool,
    },
    Done,
}

/// The body cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Garbled;

impl Body {
    pub const CHUNKED: Body = Body::Chunked(Chunks::FIRST);

    /// Whether nothing more of it is to come.
    pub fn is_done(&self) -> bool {
        matches!(self, Body::Length(0) | Body::Chunked(Chunks::Done))
    }

    /// How many bytes at the front of `input` belong to the body, which moves on by so many.
    pub fn advance(&mut self, input: &[u8]) -> Result<usize, Garbled> {
        match self {
            Body::UntilClose => Ok(input.len()),
            Body::Length(left) => {
                let count = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= count as u64;
                Ok(count)
            }
            Body::Chunked(chunks) => {
                let mut at = 0;
                while at < input.len() && *chunks != Chunks::Done {
                    at += chunks.step(&input[at..])?;
                }
                Ok(at)
            }
        }
    }
}

impl Chunks {
    const FIRST: Chunks = Chunks::Size { size: 0, digits: true, length: 0 };

    /// Takes in one byte, or data up to the chunk's end. There is at least one byte.
    fn step(&mut self, input: &[u8]) -> Result<usize, Garbled> {
        let byte = input[0];
        match *self {
            Chunks::Data(left) => {
                let count = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - count as u64;
                *self = if left == 0 { Chunks::DataEnd } else { Chunks::Data(left) };
                return Ok(count);
            }
            Chunks::Size { length, .. } if length > LONGEST_LINE => return Err(Garbled),
            Chunks::Size { length: 0, .. } if !byte.is_ascii_hexdigit() => return Err(Garbled),
            Chunks::Size { size, .. } if byte == b'\n' => {
                *self = if size == 0 { Chunks::Trailer { empty: true } } else { Chunks::Data(size) };
            }
            Chunks::Size { size, digits, length } => {
                let digit = char::from(byte).to_digit(16).filter(|_| digits);
                let size = match digit {
                    Some(digit) => size
                        .checked_mul(16)
                        .and_then(|size| size.checked_add(u64::from(digit)))
                        .ok_or(Garbled)?,
                    None => size,
                };
                *self = Chunks::Size { size, digits: digit.is_some(), length: length + 1 };
            }
            Chunks::DataEnd => match byte {
                b'\r' => {}
                b'\n' => *self = Chunks::FIRST,
                _ => return Err(Garbled),
            },
            Chunks::Trailer { empty } => match byte {
                b'\n' if empty => *self = Chunks::Done,
                b'\n' => *self = Chunks::Trailer { empty: true },
                b'\r' => {}
                _ => *self = Chunks::Trailer { empty: false },
            },
            Chunks::Done => return Err(Garbled),
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] =
        b"5;name=\"x\"\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nSum: 7\r\n\r\n";

    #[test]
    fn a_chunked_body_ends_behind_its_last_line_however_it_comes() {
        for piece in 1..CHUNKED.len() {
            let mut body = Body::CHUNKED;
            let input = [CHUNKED, b"GET /next"].concat();
            let mut at = 0;
            while !body.is_done() {
                let end = (at + piece).min(input.len());
                at += body.advance(&input[at..end]).unwrap();
            }
            assert_eq!(at, CHUNKED.len(), "pieces of {piece}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_garbled() {
        let long = [b"1;".as_slice(), &vec![b'x'; 20_000]].concat();
        for text in [b"x\r\n".as_slice(), b"\r\n", b"11111111111111111\r\n", b"1\r\naX", &long] {
            let mut body = Body::CHUNKED;
            assert_eq!(body.advance(text), Err(Garbled));
        }
    }

    #[test]
    fn a_length_is_counted_down() {
        let mut body = Body::Length(5);
        assert_eq!(body.advance(b"abc"), Ok(3));
        assert_eq!(body.advance(b"defg"), Ok(2));
        assert!(body.is_done());
        assert!(!Body::UntilClose.is_done());
    }
}
