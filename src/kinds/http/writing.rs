//! A request that is written down, taken apart again: for what does not send it as it stands.

use super::template::Written;
use crate::kinds::request::RequestError;
use hyper::header::{self, HeaderName, HeaderValue};

/// More headers than a scenario sends.
const MAX_HEADERS: usize = 256;

/// The parts of a request.
pub(super) struct Parsed<'a> {
    pub method: &'a [u8],
    /// What stands behind the method: a path with its query, or for a proxy a whole URL.
    pub target: &'a [u8],
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: &'a [u8],
}

impl<'a> Parsed<'a> {
    /// From the bytes that a template has written.
    pub fn read(bytes: &'a [u8]) -> Result<Parsed<'a>, RequestError> {
        let invalid = || RequestError::Invalid("the request is not one that HTTP allows".into());
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(bytes).map_err(|_| invalid())?;
        let httparse::Status::Complete(length) = parsed else { return Err(invalid()) };
        let (Some(method), Some(target)) = (request.method, request.path) else { return Err(invalid()) };
        let header = |header: &httparse::Header<'_>| {
            let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(header.value).ok()?))
        };
        let headers = request.headers.iter().map(header).collect::<Option<_>>().ok_or_else(invalid)?;
        Ok(Parsed { method: method.as_bytes(), target: target.as_bytes(), headers, body: &bytes[length..] })
    }

    /// As the next request of a redirect: at another place, without a body where it becomes a GET, and to another host
    /// without what was meant for the first one.
    pub fn moved(&self, to: &Moved<'_>) -> Written {
        let method = if to.becomes_get { b"GET" } else { self.method };
        let mut written = Written::default();
        let bytes = &mut written.bytes;
        bytes.extend_from_slice(method);
        bytes.push(b' ');
        bytes.extend_from_slice(to.target.as_bytes());
        bytes.extend_from_slice(b" HTTP/1.1\r\n");
        super::template::line(bytes, &header::HOST, to.host.as_bytes());
        if let Some(authorization) = to.authorization {
            super::template::line(bytes, &header::PROXY_AUTHORIZATION, authorization.as_bytes());
        }
        for (name, value) in &self.headers {
            if !to.leaves_out(name) {
                super::template::line(bytes, name, value.as_bytes());
            }
        }
        written.head = bytes.len();
        bytes.extend_from_slice(b"\r\n");
        if !to.becomes_get {
            bytes.extend_from_slice(self.body);
            written.body = self.body.len() as u64;
        }
        written
    }
}

/// Where a redirect leads.
pub(super) struct Moved<'a> {
    pub target: &'a str,
    pub host: &'a str,
    pub becomes_get: bool,
    /// Whether it is another host than before, which is told nothing that may be secret.
    pub elsewhere: bool,
    /// For a proxy that is asked there.
    pub authorization: Option<&'a HeaderValue>,
}

impl Moved<'_> {
    fn leaves_out(&self, name: &HeaderName) -> bool {
        const OF_BODY: [HeaderName; 4] = [
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
        ];
        const HARMLESS: [HeaderName; 5] = [
            header::ACCEPT,
            header::ACCEPT_ENCODING,
            header::ACCEPT_LANGUAGE,
            header::CONNECTION,
            header::USER_AGENT,
        ];
        if *name == header::HOST || *name == header::PROXY_AUTHORIZATION {
            return true;
        }
        if OF_BODY.contains(name) {
            return self.becomes_get;
        }
        self.elsewhere && !HARMLESS.contains(name)
    }
}
