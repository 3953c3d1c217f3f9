//! The HTTP/1.1 client: one connection an outstanding request, kept for the next one, redirects not followed.

use super::connections::Connections;
use crate::kinds::request::{Answer, RequestError, Requester};
use crate::kinds::socket::DEFAULT_TIMEOUT;
use crate::lang::call::{Arguments, Call};
use crate::lang::value::Value;
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use std::cell::Cell;
use std::error::Error as _;
use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A larger answer ends its request with an error: bodies are held in memory while they are checked.
pub const MAX_BODY: usize = 64 << 20;
/// Answers of one target that are being read may hold so much together; beyond it a request ends with an error.
pub const MAX_HELD: usize = 512 << 20;

/// A declared `http` target, ready to be asked.
pub struct HttpClient {
    /// The base's own path, without a slash at its end.
    prefix: String,
    /// Of every request.
    headers: HeaderMap,
    timeout: Duration,
    connections: Connections,
    /// Bytes of answers that are being read.
    held: Cell<usize>,
}

/// Why a target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpTargetError {
    /// Not a URL that this client speaks.
    #[error("`{0}` is not a base address: write one like \"http://127.0.0.1:8080\"")]
    Base(String),
    /// A user and a password, which are not repeated here.
    #[error("a base address holds no user or password: send them as a header")]
    Credentials,
    /// Encrypted connections are not there yet.
    #[error("`{0}` asks for TLS, which soak does not speak yet")]
    Tls(String),
    /// A header that HTTP does not allow. Its value is not repeated here: it may be a secret.
    #[error("the header `{0}` has a name or a value that HTTP does not allow")]
    Header(String),
}

impl HttpClient {
    /// From the settings `base`, `header` and `timeout`.
    pub fn new(settings: &Arguments) -> Result<HttpClient, HttpTargetError> {
        let base = settings.text("base").unwrap_or_default();
        if base.split(['/', '?']).nth(2).is_some_and(|authority| authority.contains('@')) {
            return Err(HttpTargetError::Credentials);
        }
        let refuse = || HttpTargetError::Base(base.to_string());
        let uri: Uri = base.parse().map_err(|_| refuse())?;
        match uri.scheme_str() {
            Some("http") if uri.query().is_none() => {}
            Some("https") => return Err(HttpTargetError::Tls(base.to_string())),
            _ => return Err(refuse()),
        }
        let authority = uri.authority().ok_or_else(refuse)?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(authority.as_str()).map_err(|_| refuse())?);
        for values in settings.all("header") {
            let (name, value) = header(values)?;
            headers.insert(name, value);
        }
        let timeout = settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT);
        let host = authority.host().trim_matches(['[', ']']).to_string();
        Ok(HttpClient {
            prefix: uri.path().trim_end_matches('/').to_string(),
            headers,
            timeout,
            connections: Connections::new(host, authority.port_u16().unwrap_or(80), timeout),
            held: Cell::new(0),
        })
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, RequestError> {
        let sent = request.body().size_hint().lower();
        let (connection, response) = loop {
            let (mut connection, reused) = self.connections.take().await?;
            match connection.try_send_request(request).await {
                Ok(response) => break (connection, response),
                // The other end closed a kept connection before anything was sent on it: that is no answer
                // to this request, which goes out on another one.
                Err(mut failed) => match failed.take_message().filter(|_| reused) {
                    Some(unsent) => request = unsent,
                    None => return Err(http_error(failed.error())),
                },
            }
        };
        let (head, incoming) = response.into_parts();
        let body = self.read(incoming).await?;
        self.connections.give_back(connection).await;
        let bytes = sent + body.len() as u64;
        Ok(Answer {
            status: Some(head.status.as_u16()),
            headers: head.headers,
            body,
            bytes,
            ..Answer::default()
        })
    }

    /// Reads a body to its end. One that came in one piece is not copied.
    async fn read(&self, mut incoming: Incoming) -> Result<Bytes, RequestError> {
        let mut held = Held { of: &self.held, bytes: 0 };
        let mut first = Bytes::new();
        let mut whole = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(|error| http_error(&error))?.into_data() else { continue };
            held.add(data.len())?;
            if first.is_empty() {
                first = data;
                continue;
            }
            if whole.is_empty() {
                whole.extend_from_slice(&first);
            }
            whole.extend_from_slice(&data);
        }
        Ok(if whole.is_empty() { first } else { whole.freeze() })
    }

    fn build(&self, call: &Call) -> Result<Request<Full<Bytes>>, RequestError> {
        let path = call.arguments.text("path").unwrap_or("/");
        let slash = if path.starts_with('/') { "" } else { "/" };
        let target = Bytes::from([&self.prefix, slash, path].concat());
        let (content_type, body) = body(&call.arguments);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method(call.verb)?;
        *request.uri_mut() = Uri::from_maybe_shared(target)
            .map_err(|_| RequestError::Invalid("the path is not one that a URL can hold".into()))?;
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        if let Some(content_type) = content_type {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        }
        for values in call.arguments.all("header") {
            let (name, value) = header(values).map_err(|error| RequestError::Invalid(error.to_string()))?;
            headers.insert(name, value);
        }
        Ok(request)
    }
}

/// The bytes that one answer holds of what a target's answers may hold together.
struct Held<'a> {
    of: &'a Cell<usize>,
    bytes: usize,
}

impl Held<'_> {
    fn add(&mut self, bytes: usize) -> Result<(), RequestError> {
        self.bytes += bytes;
        self.of.set(self.of.get() + bytes);
        if self.bytes > MAX_BODY {
            return Err(RequestError::TooLarge(MAX_BODY));
        }
        if self.of.get() > MAX_HELD {
            return Err(RequestError::TooMuch(MAX_HELD));
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.of.set(self.of.get() - self.bytes);
    }
}

impl Requester for HttpClient {
    fn request<'a>(&'a self, _user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        Box::pin(async move {
            let request = self.build(call)?;
            let timeout = call.arguments.duration("timeout").unwrap_or(self.timeout);
            match tokio::time::timeout(timeout, self.exchange(request)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(RequestError::TimedOut(timeout)),
            }
        })
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(self.connections.warm_up(users.count()))
    }
}

/// The method of a verb's name.
fn method(verb: &str) -> Result<Method, RequestError> {
    match verb {
        "get" => Ok(Method::GET),
        "post" => Ok(Method::POST),
        "put" => Ok(Method::PUT),
        "patch" => Ok(Method::PATCH),
        "delete" => Ok(Method::DELETE),
        "head" => Ok(Method::HEAD),
        other => Err(RequestError::Invalid(format!("there is no HTTP method `{other}`"))),
    }
}

/// A header from its name and its value.
pub(in crate::kinds) fn header(values: &[Value]) -> Result<(HeaderName, HeaderValue), HttpTargetError> {
    let name = values.first().map(Value::to_string).unwrap_or_default();
    let value = values.get(1).map(Value::to_string).unwrap_or_default();
    let refuse = || HttpTargetError::Header(name.clone());
    let mut header_value = HeaderValue::from_str(&value).map_err(|_| refuse())?;
    header_value.set_sensitive(true);
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse())?, header_value))
}

/// The body and its content type, from `json`, `form` or `text`.
fn body(arguments: &Arguments) -> (Option<&'static str>, Bytes) {
    if let Some(value) = arguments.value("json") {
        let json = match value {
            Value::Json(json) => json.to_string(),
            other => other.to_json().to_string(),
        };
        return (Some("application/json"), Bytes::from(json));
    }
    if let Some(value) = arguments.value("form") {
        return (Some("application/x-www-form-urlencoded"), Bytes::from(form(&value.to_json())));
    }
    match arguments.value("text") {
        Some(text) => (Some("text/plain; charset=utf-8"), Bytes::from(text.to_string())),
        None => (None, Bytes::new()),
    }
}

/// The members of an object as `application/x-www-form-urlencoded` (WHATWG URL standard, section 5.2).
fn form(object: &serde_json::Value) -> String {
    let encode = |text: &str| {
        let mut encoded = String::new();
        for byte in text.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                    encoded.push(byte as char);
                }
                b' ' => encoded.push('+'),
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
        }
        encoded
    };
    let members = object.as_object().into_iter().flatten();
    let pairs = members.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
        format!("{}={}", encode(name), encode(&value))
    });
    pairs.collect::<Vec<_>>().join("&")
}

pub(in crate::kinds) fn http_error(error: &hyper::Error) -> RequestError {
    if error.is_parse() {
        return RequestError::Garbled;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe => RequestError::Reset,
                io::ErrorKind::UnexpectedEof => RequestError::Closed,
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => RequestError::Garbled,
                kind => RequestError::Failed(kind.to_string()),
            };
        }
        source = cause.source();
    }
    RequestError::Closed
}
