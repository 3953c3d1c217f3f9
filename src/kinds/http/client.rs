//! The HTTP/1.1 client: one connection an outstanding request, kept for the next one, redirects not followed.

use crate::kinds::request::{Answer, RequestError, Requester};
use crate::lang::call::{Arguments, Call};
use crate::lang::value::Value;
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::error::Error as _;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// What a request may take where neither the target nor the request says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// A larger answer ends its request with an error: bodies are held in memory while they are checked.
pub const MAX_BODY: usize = 64 << 20;
/// Idle connections beyond this are closed.
const MAX_IDLE: usize = 10_000;

/// A declared `http` target, ready to be asked.
pub struct HttpClient {
    host: String,
    port: u16,
    /// The base's own path, without a slash at its end.
    prefix: String,
    authority: HeaderValue,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    idle: RefCell<Vec<SendRequest<Full<Bytes>>>>,
}

/// Why a target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpTargetError {
    /// Not a URL that this client speaks.
    #[error("`{0}` is not a base address: write one like \"http://127.0.0.1:8080\"")]
    Base(String),
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
        let refuse = || HttpTargetError::Base(base.to_string());
        let uri: Uri = base.parse().map_err(|_| refuse())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(HttpTargetError::Tls(base.to_string())),
            _ => return Err(refuse()),
        }
        let authority = uri.authority().ok_or_else(refuse)?;
        let header_value = HeaderValue::from_str(authority.as_str()).map_err(|_| refuse())?;
        let headers = settings.all("header").map(header).collect::<Result<_, _>>()?;
        Ok(HttpClient {
            host: authority.host().trim_matches(['[', ']']).to_string(),
            port: authority.port_u16().unwrap_or(80),
            prefix: uri.path().trim_end_matches('/').to_string(),
            authority: header_value,
            headers,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            idle: RefCell::new(Vec::new()),
        })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, RequestError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(|error| connect_error(&error, &self.host))?;
        // Small requests must not wait for more to send.
        let _ = stream.set_nodelay(true);
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| http_error(&error))?;
        // Its error reaches whoever waits for the answer on it.
        tokio::task::spawn_local(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, RequestError> {
        let sent = request.body().clone().collect().await.map_or(0, |body| body.to_bytes().len());
        let (mut sender, response) = loop {
            let kept = self.idle.borrow_mut().pop();
            let reused = kept.is_some();
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.connect().await?,
            };
            if sender.ready().await.is_err() {
                if reused {
                    continue;
                }
                return Err(RequestError::Closed);
            }
            match sender.try_send_request(request).await {
                Ok(response) => break (sender, response),
                // The other end closed a kept connection before anything was sent on it: that is no answer
                // to this request, which goes out on another one.
                Err(mut failed) => match failed.take_message().filter(|_| reused) {
                    Some(unsent) => request = unsent,
                    None => return Err(http_error(failed.error())),
                },
            }
        };
        let (head, mut incoming) = response.into_parts();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            if let Ok(data) = frame.map_err(|error| http_error(&error))?.into_data() {
                if body.len() + data.len() > MAX_BODY {
                    return Err(RequestError::TooLarge(MAX_BODY));
                }
                body.extend_from_slice(&data);
            }
        }
        if sender.ready().await.is_ok() && self.idle.borrow().len() < MAX_IDLE {
            self.idle.borrow_mut().push(sender);
        }
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let bytes = (sent + body.len()) as u64;
        Ok(Answer { status: Some(head.status.as_u16()), headers, body: body.freeze(), path: None, bytes })
    }

    fn build(&self, call: &Call) -> Result<Request<Full<Bytes>>, RequestError> {
        let method = Method::from_bytes(call.verb.to_ascii_uppercase().as_bytes())
            .map_err(|_| RequestError::Invalid(format!("there is no HTTP method `{}`", call.verb)))?;
        let path = call.arguments.text("path").unwrap_or("/");
        let slash = if path.starts_with('/') { "" } else { "/" };
        let uri = format!("{}{slash}{path}", self.prefix);
        let (content_type, body) = body(&call.arguments);
        let mut request = Request::builder()
            .method(method)
            .uri(&uri)
            .header(HOST, self.authority.clone())
            .body(Full::new(body))
            .map_err(|_| RequestError::Invalid("the path is not one that a URL can hold".into()))?;
        let headers = request.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        for values in call.arguments.all("header") {
            let (name, value) = header(values).map_err(|error| RequestError::Invalid(error.to_string()))?;
            headers.insert(name, value);
        }
        Ok(request)
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

    fn warm_up(&self, users: u64) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            let missing = (users as usize).min(MAX_IDLE).saturating_sub(self.idle.borrow().len());
            let opened = futures_util::future::join_all((0..missing).map(|_| self.connect())).await;
            // A connection that cannot be opened now is told by the request that needs it.
            self.idle.borrow_mut().extend(opened.into_iter().flatten());
        })
    }
}

/// A header from its name and its value.
fn header(values: &[Value]) -> Result<(HeaderName, HeaderValue), HttpTargetError> {
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
        return (Some("application/json"), Bytes::from(value.to_json().to_string()));
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

fn connect_error(error: &io::Error, host: &str) -> RequestError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => RequestError::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => RequestError::Reset,
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => RequestError::Exhausted,
        _ if matches!(error.raw_os_error(), Some(23 | 24)) => RequestError::Exhausted,
        _ if error.raw_os_error().is_none() => RequestError::NoAddress(host.to_string()),
        kind => RequestError::Failed(kind.to_string()),
    }
}

fn http_error(error: &hyper::Error) -> RequestError {
    if error.is_parse() {
        return RequestError::Garbled;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => RequestError::Reset,
                io::ErrorKind::UnexpectedEof => RequestError::Closed,
                kind => RequestError::Failed(kind.to_string()),
            };
        }
        source = cause.source();
    }
    RequestError::Closed
}
