//! One upload: HTTP PUT of a file to ENDPOINT/VEHICLE/PATH, streamed, over connections that are kept.
//!
//! The PUT is conditional (`If-None-Match: *`): an answer that got lost, or a crash between the answer and the
//! registry, cannot write the object a second time, even if the first request is still under way.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, IF_NONE_MATCH};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// Bytes of a file held in memory at one time, per upload.
const PIECE: usize = 64 * 1024;
/// A kept connection that was idle for longer is not trusted any more.
const IDLE: Duration = Duration::from_secs(5);

/// Why an attempt failed.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("cannot connect: {0}")]
    Unreachable(#[source] io::Error),
    #[error("connection lost: {0}")]
    Lost(#[source] hyper::Error),
    #[error("the store answered {0}")]
    Refused(StatusCode),
    #[error("the file is gone")]
    Gone,
    #[error("cannot read the file: {0}")]
    Unreadable(#[source] io::Error),
    #[error("not a name that can be sent: {0}")]
    Unspeakable(#[source] hyper::http::Error),
}

impl Failure {
    /// Whether it is the network's doing, so that trying another file now makes no sense either.
    pub fn is_network(&self) -> bool {
        matches!(self, Failure::Silent(_) | Failure::Unreachable(_) | Failure::Lost(_))
    }
}

/// How an attempt succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    Stored,
    /// An earlier attempt, whose answer nobody heard, had stored it.
    AlreadyThere,
}

type Connection = SendRequest<FileBody>;

/// The way to the object store.
#[derive(Clone)]
pub struct Store {
    authority: String,
    /// `host:port` to connect to.
    address: String,
    prefix: String,
    timeout: Duration,
    /// Never write an object that is there.
    conditional: bool,
    idle: Arc<Mutex<Vec<(Connection, Instant)>>>,
}

impl Store {
    /// # Errors
    /// A sentence, when the endpoint is no `http://HOST:PORT`.
    pub fn new(endpoint: &Uri, vehicle: &str, timeout: Duration, conditional: bool) -> Result<Self, String> {
        let (Some("http"), Some(authority)) = (endpoint.scheme_str(), endpoint.authority()) else {
            return Err(format!("--endpoint: `{endpoint}` should be like http://127.0.0.1:9000"));
        };
        Ok(Self {
            authority: authority.to_string(),
            address: format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80)),
            prefix: format!("{}/{}", endpoint.path().trim_end_matches('/'), encoded(vehicle)),
            timeout,
            conditional,
            idle: Arc::default(),
        })
    }

    /// Puts `file` under the name `path`.
    ///
    /// # Errors
    /// When the object may not be there: see [`Failure`].
    pub async fn put(&self, path: &str, file: &Path) -> Result<Success, Failure> {
        let body = FileBody::open(file).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::Gone,
            _ => Failure::Unreadable(error),
        })?;
        let exchange = self.exchange(path, body);
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or(Err(Failure::Silent(self.timeout)))
    }

    async fn exchange(&self, path: &str, body: FileBody) -> Result<Success, Failure> {
        let mut request =
            Request::put(format!("{}/{}", self.prefix, encoded(path))).header(HOST, &self.authority);
        if self.conditional {
            request = request.header(IF_NONE_MATCH, "*");
        }
        let request = request.body(body).map_err(Failure::Unspeakable)?;
        let mut connection = self.connection().await?;
        let answer = connection.send_request(request).await.map_err(Failure::Lost)?;
        let status = answer.status();
        // The body says nothing of use, but the connection is free only when it has been read.
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            frame.map_err(Failure::Lost)?;
        }
        self.lock_idle().push((connection, Instant::now()));
        match status {
            StatusCode::PRECONDITION_FAILED if self.conditional => Ok(Success::AlreadyThere),
            status if status.is_success() => Ok(Success::Stored),
            status => Err(Failure::Refused(status)),
        }
    }

    /// A kept connection that is still good, or a new one.
    async fn connection(&self) -> Result<Connection, Failure> {
        loop {
            let Some((mut connection, since)) = self.lock_idle().pop() else { break };
            if since.elapsed() < IDLE && connection.ready().await.is_ok() {
                return Ok(connection);
            }
        }
        let stream = TcpStream::connect(&self.address).await.map_err(Failure::Unreachable)?;
        stream.set_nodelay(true).map_err(Failure::Unreachable)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(Failure::Lost)?;
        // Ends when the sender is dropped; its errors reach the request.
        tokio::spawn(connection);
        Ok(sender)
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        // The list is valid between any two statements, so a panic elsewhere did not hurt it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file as a request's body: exactly as many bytes as it had when it was opened.
pub struct FileBody {
    file: File,
    left: u64,
}

impl FileBody {
    async fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path).await?;
        let left = file.metadata().await?.len();
        Ok(Self { file, left })
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut piece = vec![0; PIECE.min(usize::try_from(self.left).unwrap_or(PIECE))];
        let mut buffer = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.file).poll_read(context, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        piece.truncate(read);
        self.left -= read as u64;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A path as it stands in a request: everything but unreserved characters and `/` percent-encoded (RFC 3986).
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for &byte in path.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
