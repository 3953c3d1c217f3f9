//! `http`: whether a URL answers with success or a redirection in time; and the one GET that other sources use.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::{NoValue, Sample};
use crate::kinds::host::stand::Stand;
use crate::kinds::stream::Stream;
use crate::kinds::tls::Tls;

/// How much of the answer is read where only its status matters.
const MOST_IGNORED: usize = 1 << 20;

/// Why a URL cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("`{0}` is no URL: {1}")]
    NoUrl(String, String),
    #[error("`{0}` is no HTTP URL: it must begin with `http://` or `https://` and name a host")]
    NotHttp(String),
}

/// A URL that can be asked, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(Uri, Stand);

impl Url {
    /// The same, asked from there.
    pub fn from(self, stand: Stand) -> Url {
        Url(self.0, stand)
    }
}

impl FromStr for Url {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Url, BadUrl> {
        let uri: Uri = text.parse().map_err(|error: hyper::http::uri::InvalidUri| {
            BadUrl::NoUrl(text.to_owned(), error.to_string())
        })?;
        match (uri.scheme_str(), uri.host()) {
            (Some("http" | "https"), Some(_)) => Ok(Url(uri, Stand::default())),
            _ => Err(BadUrl::NotHttp(text.to_owned())),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
}

/// One GET on a connection of its own, done within `timeout`.
///
/// # Errors
/// When there is no whole answer in time, or it is longer than `most` bytes.
pub async fn get(url: &Url, timeout: Duration, most: usize) -> Result<Answer, NoValue> {
    match tokio::time::timeout(timeout, ask(url, most)).await {
        Ok(answer) => answer,
        Err(_) => Err(NoValue::Timeout(timeout)),
    }
}

/// Ends the connection's task together with the question.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn ask(url: &Url, most: usize) -> Result<Answer, NoValue> {
    let failed = |error: &dyn fmt::Display| NoValue::NoAnswer(url.to_string(), error.to_string());
    let host = url.0.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = connect(url, host).await.map_err(|e| failed(&e))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(&e))?;
    // Its outcome is told by the request as well.
    let _connection = Connection(tokio::spawn(async move { drop(connection.await) }));
    let path = url.0.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(HOST, url.0.authority().map_or(host, |authority| authority.as_str()))
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .header(USER_AGENT, concat!("soak/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|e| failed(&e))?;
    let answer = sender.send_request(request).await.map_err(|e| failed(&e))?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), most).collect().await.map_err(|e| failed(&e))?;
    Ok(Answer { status, body: body.to_bytes() })
}

/// Sources have no settings: they trust whom the machine trusts.
async fn connect(url: &Url, host: &str) -> Result<Stream, Box<dyn Error + Send + Sync>> {
    let encrypted = url.0.scheme_str() == Some("https");
    let port = url.0.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
    let stream = Stream::Plain(url.1.connect(host, port).await?);
    Ok(if encrypted { stream.encrypt(&Tls::of_machine()?, host).await? } else { stream })
}

/// A URL that should answer.
#[derive(Clone, Debug)]
pub struct HttpSource {
    url: Url,
    timeout: Duration,
}

impl HttpSource {
    pub fn new(url: Url, timeout: Duration) -> HttpSource {
        HttpSource { url, timeout }
    }

    /// True for a whole answer with a status of 200 to 399 in time; false for anything else.
    pub async fn sample(&mut self) -> Sample {
        let answer = get(&self.url, self.timeout, MOST_IGNORED).await;
        Sample::Bool(answer.is_ok_and(|answer| (200..400).contains(&answer.status)))
    }
}
