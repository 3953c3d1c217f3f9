//! The head of an answer: its status, how its body is delimited, and whether the connection stays (RFC 9112).

use crate::kinds::request::RequestError;
use httparse::{Header, ParserConfig, Status};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use std::mem::MaybeUninit;

/// A longer head is no valid answer.
pub(super) const MAX_HEAD: usize = 64 << 10;
/// Nor is one of more headers.
const MAX_HEADERS: usize = 100;

/// How the end of a body is told (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// In chunks, the last one empty.
    Chunked,
    /// All up to the end of the connection.
    UntilClose,
}

/// What a head says.
#[derive(Debug)]
pub(super) struct Head {
    pub status: u16,
    pub framing: Framing,
    /// Whether the connection may carry another request.
    pub keep_alive: bool,
    /// Empty where nobody wants them.
    pub headers: HeaderMap,
}

/// Reads a head from the front of `bytes`, and tells how long it is; `None` where more has to come. `of_head` says
/// that the request was HEAD, whose answer has no body.
pub(super) fn read(
    bytes: &[u8],
    of_head: bool,
    headers_wanted: bool,
) -> Result<Option<(Head, usize)>, RequestError> {
    let mut headers = [const { MaybeUninit::<Header<'_>>::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let parsed =
        ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
    let length = match parsed.map_err(|_| RequestError::Garbled)? {
        Status::Complete(length) => length,
        Status::Partial if bytes.len() >= MAX_HEAD => return Err(RequestError::Garbled),
        Status::Partial => return Ok(None),
    };
    let (Some(status), Some(version)) = (response.code, response.version) else {
        return Err(RequestError::Garbled);
    };
    let said = Said::read(response.headers)?;
    let without_body = of_head || matches!(status, 100..=199 | 204 | 304);
    let framing = match (said.encoding, said.length) {
        _ if without_body => Framing::Length(0),
        (Some(Encoding::Chunked), _) => Framing::Chunked,
        (Some(Encoding::Other), _) | (None, None) => Framing::UntilClose,
        (None, Some(length)) => Framing::Length(length),
    };
    // After an upgrade the connection speaks something else. A length beside chunks may be an attempt at smuggling.
    let odd = status == 101 || (said.encoding.is_some() && said.length.is_some());
    let lasting = if version == 1 { !said.close } else { said.keep };
    let mut head = Head { status, framing, keep_alive: lasting && !odd, headers: HeaderMap::new() };
    if headers_wanted {
        for header in response.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let value = HeaderValue::from_bytes(header.value);
            if let (Ok(name), Ok(value)) = (name, value) {
                head.headers.append(name, value);
            }
        }
    }
    Ok(Some((head, length)))
}

#[derive(Clone, Copy)]
enum Encoding {
    Chunked,
    Other,
}

/// The headers that HTTP/1.1 itself needs.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    encoding: Option<Encoding>,
    close: bool,
    keep: bool,
}

impl Said {
    fn read(headers: &[Header<'_>]) -> Result<Said, RequestError> {
        let mut said = Said::default();
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            match header.name.len() {
                14 if is("content-length") => {
                    for part in header.value.split(|byte| *byte == b',') {
                        let length = whole(part.trim_ascii()).ok_or(RequestError::Garbled)?;
                        if said.length.replace(length).is_some_and(|before| before != length) {
                            return Err(RequestError::Garbled);
                        }
                    }
                }
                17 if is("transfer-encoding") => {
                    let last = words(header.value).last().unwrap_or_default();
                    let chunked = last.eq_ignore_ascii_case(b"chunked");
                    said.encoding = Some(if chunked { Encoding::Chunked } else { Encoding::Other });
                }
                10 if is("connection") => {
                    said.close |= words(header.value).any(|word| word.eq_ignore_ascii_case(b"close"));
                    said.keep |= words(header.value).any(|word| word.eq_ignore_ascii_case(b"keep-alive"));
                }
                _ => {}
            }
        }
        Ok(said)
    }
}

/// The parts of a header's value that is a list (RFC 9110, section 5.6.1).
pub(in crate::kinds) fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Digits only: a sign or a space between is no length.
pub(in crate::kinds) fn whole(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(head: &str) -> Result<Option<(u16, Framing, bool)>, RequestError> {
        let read = read(head.as_bytes(), false, false)?;
        Ok(read.map(|(head, _)| (head.status, head.framing, head.keep_alive)))
    }

    #[test]
    fn the_end_of_a_body_is_told_as_the_standard_says() {
        use Framing::{Chunked, Length, UntilClose};
        let cases = [
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", (200, Length(5), true)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nConnection: close\r\n\r\n", (200, Length(5), false)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n", (200, Chunked, true)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", (200, UntilClose, true)),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n",
                (200, Chunked, false),
            ),
            ("HTTP/1.1 200\r\n\r\n", (200, UntilClose, true)),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", (200, Length(0), false)),
            (
                "HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: Keep-Alive\r\n\r\n",
                (200, Length(0), true),
            ),
            ("HTTP/1.1 204 No Content\r\n\r\n", (204, Length(0), true)),
            ("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", (304, Length(0), true)),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", (101, Length(0), false)),
            ("HTTP/1.1 200 OK\ncontent-length: 1\n\n", (200, Length(1), true)),
        ];
        for (head, expected) in cases {
            assert_eq!(framing(head), Ok(Some(expected)), "{head}");
        }
        for partial in ["", "HT", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\na: b\r\n"] {
            assert_eq!(framing(partial), Ok(None), "{partial}");
        }
        for garbled in [
            "220 mail\r\n",
            "HTTP/2 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
        ] {
            assert_eq!(framing(garbled), Err(RequestError::Garbled), "{garbled}");
        }
    }

    #[test]
    fn an_answer_to_head_has_no_body_and_headers_are_kept_where_they_are_wanted() {
        let text = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX-One: 1\r\nx-one: 2\r\n\r\n";
        let (head, length) = read(text, true, true).unwrap().unwrap();
        assert_eq!((head.framing, length), (Framing::Length(0), text.len()));
        assert_eq!(head.headers.get_all("x-one").iter().count(), 2);
    }
}
