//! Heads of requests and answers: as much of them as says where a message ends and what it is.

use httparse::{EMPTY_HEADER, Header, Status};

use super::body::Body;
use crate::kinds::http::head::{whole, words};

/// A longer head is not understood, in bytes.
pub const LONGEST_HEAD: usize = 256 << 10;
/// More header lines are not understood.
const MOST_LINES: usize = 512;
/// Up to this length an unfinished head is looked at whenever more of it comes, so that what is no HTTP does not wait for
/// an empty line that may never come.
const WATCHED: usize = 512;

/// A head that is being gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub bytes: Vec<u8>,
}

/// What the head of a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub method: Method,
    /// Nothing where it has no body.
    pub body: Option<Body>,
    /// Nothing more is to be sent on its connection when it is answered.
    pub closes: bool,
    /// Whether an answer has to say that the connection stays.
    pub asks_to_stay: bool,
    /// It sends its body only when it is told to go on.
    pub expects: bool,
    /// Whether its path begins as was asked.
    pub on_route: bool,
}

/// The methods that matter for where an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Head,
    Connect,
    Other,
}

/// What the head of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    /// Nothing where it has no body.
    pub body: Option<Body>,
}

/// It is no head of HTTP/1.1, or none that can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign;

impl Gathered {
    /// Takes in `input` up to the end of the head, and says how much that is and whether the head is whole.
    pub fn take(&mut self, input: &[u8]) -> (usize, bool) {
        let before = self.bytes.len();
        // An empty line may have begun in what came before.
        let from = before.saturating_sub(3);
        self.bytes.extend_from_slice(input);
        match end_of_head(&self.bytes, from) {
            Some(end) => {
                self.bytes.truncate(end);
                (end - before, true)
            }
            None => (input.len(), false),
        }
    }

    /// Whether what has come of it can be no head.
    pub fn is_foreign(&self, is_request: bool) -> bool {
        let length = self.bytes.len();
        if length > LONGEST_HEAD {
            return true;
        }
        if length > WATCHED {
            return false;
        }
        let mut lines = [EMPTY_HEADER; MOST_LINES];
        match is_request {
            true => httparse::Request::new(&mut lines).parse(&self.bytes).is_err(),
            false => httparse::Response::new(&mut lines).parse(&self.bytes).is_err(),
        }
    }

    /// What the head of a request says; `route` is how the paths begin that are asked for.
    pub fn request(&self, route: Option<&str>) -> Result<Request, Foreign> {
        let mut lines = [EMPTY_HEADER; MOST_LINES];
        let mut request = httparse::Request::new(&mut lines);
        match request.parse(&self.bytes) {
            Ok(Status::Complete(length)) if length == self.bytes.len() => {}
            _ => return Err(Foreign),
        }
        let (Some(method), Some(path)) = (request.method, request.path) else { return Err(Foreign) };
        let is_old = request.version == Some(0);
        let stays = has_word(request.headers, "connection", "keep-alive");
        Ok(Request {
            method: match method {
                "HEAD" => Method::Head,
                "CONNECT" => Method::Connect,
                _ => Method::Other,
            },
            body: match framing(request.headers)? {
                Framing::Chunked => Some(Body::CHUNKED),
                Framing::Length(length) => Some(Body::Length(length)).filter(|body| !body.is_done()),
                Framing::Unsaid => None,
                Framing::Coded => return Err(Foreign),
            },
            closes: has_word(request.headers, "connection", "close") || is_old && !stays,
            asks_to_stay: is_old && stays,
            expects: has_word(request.headers, "expect", "100-continue"),
            on_route: route.is_some_and(|route| path_of(path).starts_with(route)),
        })
    }

    /// What the head of an answer to a request with that method says.
    pub fn answer(&self, method: Method) -> Result<Answer, Foreign> {
        let mut lines = [EMPTY_HEADER; MOST_LINES];
        let mut answer = httparse::Response::new(&mut lines);
        match answer.parse(&self.bytes) {
            Ok(Status::Complete(length)) if length == self.bytes.len() => {}
            _ => return Err(Foreign),
        }
        let Some(status) = answer.code else { return Err(Foreign) };
        let without = method == Method::Head || matches!(status, 100..=199 | 204 | 304);
        let body = match framing(answer.headers)? {
            _ if without => None,
            Framing::Chunked => Some(Body::CHUNKED),
            Framing::Length(length) => Some(Body::Length(length)).filter(|body| !body.is_done()),
            Framing::Unsaid | Framing::Coded => Some(Body::UntilClose),
        };
        Ok(Answer { status, body })
    }
}

/// Where the head ends that began in front of `from`: behind its first empty line that does not stand at its beginning.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let begin = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let from = from.max(begin);
    memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at).find_map(|at| {
        match bytes.get(at + 1..)? {
            [b'\n', ..] => Some(at + 2),
            [b'\r', b'\n', ..] => Some(at + 3),
            _ => None,
        }
    })
}

enum Framing {
    Chunked,
    Length(u64),
    /// In a way that only the end of the connection ends.
    Coded,
    Unsaid,
}

fn framing(lines: &[Header<'_>]) -> Result<Framing, Foreign> {
    let coding = values(lines, "transfer-encoding").last();
    if let Some(coding) = coding {
        let last = words(coding).last().unwrap_or_default();
        return Ok(match last.eq_ignore_ascii_case(b"chunked") {
            true => Framing::Chunked,
            false => Framing::Coded,
        });
    }
    let mut length = None;
    for value in values(lines, "content-length").flat_map(words) {
        let value = whole(value).ok_or(Foreign)?;
        if length.is_some_and(|other| other != value) {
            return Err(Foreign);
        }
        length = Some(value);
    }
    Ok(length.map_or(Framing::Unsaid, Framing::Length))
}

fn values<'a>(lines: &'a [Header<'a>], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    lines.iter().filter(move |line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value)
}

fn has_word(lines: &[Header<'_>], name: &str, word: &str) -> bool {
    values(lines, name).flat_map(words).any(|value| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// The path of what was asked for, also where a whole URL was (RFC 9112, section 3.2.2).
fn path_of(target: &str) -> &str {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target;
    };
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(text: &str) -> Gathered {
        Gathered { bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_head_ends_at_its_empty_line_however_it_comes() {
        for text in ["GET / HTTP/1.1\r\nA: b\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\nA: b\n\n"] {
            for piece in 1..=text.len() {
                let mut head = Gathered::default();
                let input = format!("{text}body");
                let mut at = 0;
                loop {
                    let end = (at + piece).min(input.len());
                    let (taken, whole) = head.take(&input.as_bytes()[at..end]);
                    at += taken;
                    if whole {
                        break;
                    }
                    assert!(!head.is_foreign(true), "{:?}", &input[..at]);
                }
                assert_eq!((at, head.bytes.as_slice()), (text.len(), text.as_bytes()), "pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_is_no_http_is_seen_at_once() {
        let hello = [0x16, 3, 1, 2, 0].as_slice();
        for bytes in [hello, b"PRI * HTTP/2.0\r\n", b"PING\r\n", b"*1\r\n$4\r\n"] {
            let head = Gathered { bytes: bytes.to_vec() };
            assert!(head.is_foreign(true), "{bytes:?}");
        }
        assert!(gathered("+OK\r\n").is_foreign(false));
    }

    #[test]
    fn the_end_of_a_request_is_known() {
        let body = |head: &str| {
            gathered(&format!("POST /x HTTP/1.1\r\n{head}\r\n\r\n")).request(None).map(|head| head.body)
        };
        assert_eq!(body("Content-Length: 7"), Ok(Some(Body::Length(7))));
        assert_eq!(body("Content-Length: 7, 7"), Ok(Some(Body::Length(7))));
        assert_eq!(body("Content-Length: 0"), Ok(None));
        assert_eq!(body("Host: x"), Ok(None));
        assert_eq!(body("Content-Length: 7\r\ntransfer-encoding: gzip, Chunked"), Ok(Some(Body::CHUNKED)));
        for wrong in
            ["Content-Length: 7\r\nContent-Length: 8", "Content-Length: +7", "Transfer-Encoding: gzip"]
        {
            assert_eq!(body(wrong), Err(Foreign), "{wrong}");
        }
    }

    #[test]
    fn the_end_of_an_answer_is_known() {
        let body = |status: u16, head: &str, method: Method| {
            let text = format!("HTTP/1.1 {status} Said\r\n{head}\r\n\r\n");
            gathered(&text).answer(method).unwrap().body
        };
        let other = Method::Other;
        assert_eq!(body(200, "Content-Length: 7", other), Some(Body::Length(7)));
        assert_eq!(body(200, "Content-Length: 7", Method::Head), None);
        assert_eq!(body(304, "Content-Length: 7", other), None);
        assert_eq!(body(204, "A: b", other), None);
        assert_eq!(body(103, "A: b", other), None);
        assert_eq!(body(200, "Transfer-Encoding: chunked", other), Some(Body::CHUNKED));
        assert_eq!(body(200, "Transfer-Encoding: gzip", other), Some(Body::UntilClose));
        assert_eq!(body(200, "A: b", other), Some(Body::UntilClose));
    }

    #[test]
    fn a_request_says_whether_its_connection_stays_and_where_it_goes() {
        let said = |text: &str| gathered(text).request(Some("/jobs")).unwrap();
        let plain = said("GET /jobs?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(plain.on_route && !plain.closes && !plain.asks_to_stay && !plain.expects);
        assert!(said("GET http://a/jobs/7 HTTP/1.1\r\n\r\n").on_route);
        assert!(!said("GET /other/jobs HTTP/1.1\r\n\r\n").on_route);
        assert!(said("GET / HTTP/1.0\r\n\r\n").closes);
        let old = said("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n");
        assert!(!old.closes && old.asks_to_stay);
        assert!(said("GET / HTTP/1.1\r\nconnection: Close\r\n\r\n").closes);
        assert!(said("PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n").expects);
    }
}
