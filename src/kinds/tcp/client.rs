//! The TCP client: each user keeps one connection, and opens a new one once it is lost.

use super::piece::Piece;
use crate::kinds::client::{Around, ClientError};
use crate::kinds::pattern::Patterns;
use crate::kinds::payload;
use crate::kinds::request::{Answer, RequestError, Requester};
use crate::kinds::socket::{DEFAULT_TIMEOUT, Peer, stream_error};
use crate::kinds::stream::{Endpoint, Stream};
use crate::lang::call::{Arguments, Call};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::ops::RangeInclusive;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// So many connections are opened together.
const TOGETHER: usize = 256;
/// So much of what came meanwhile is read at once.
const AT_ONCE: usize = 4096;
/// What came beyond this before anybody waited for it ends the connection.
const MAX_UNREAD: usize = 1 << 20;

/// A declared `tcp` target.
pub struct TcpClient {
    endpoint: Endpoint,
    timeout: Duration,
    /// One for each user that has one, out of here while it is used.
    kept: RefCell<HashMap<u64, Connection>>,
    patterns: Patterns,
}

/// An open connection, and what came over it that nobody has taken yet.
struct Connection {
    stream: Stream,
    came: BytesMut,
}

impl TcpClient {
    /// From the settings `address`, `timeout` and `tls`.
    ///
    /// # Errors
    /// Where the address cannot be used, or TLS cannot be set up.
    pub fn new(settings: &Arguments, around: &Around) -> Result<TcpClient, ClientError> {
        Ok(TcpClient {
            endpoint: Endpoint::of_address(address(settings, around)?, settings, around)?,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            kept: RefCell::default(),
            patterns: Patterns::default(),
        })
    }

    async fn open(&self) -> Result<Connection, RequestError> {
        let open = self.kept.borrow().len();
        let stream = self.endpoint.connect(self.timeout, open).await?;
        Ok(Connection { stream, came: BytesMut::new() })
    }

    /// The user's connection; a new one where there is none, or where the other end has closed it.
    async fn connection(&self, user: u64) -> Result<Connection, RequestError> {
        let kept = self.kept.borrow_mut().remove(&user);
        if let Some(mut connection) = kept
            && connection.is_open()
        {
            return Ok(connection);
        }
        self.open().await
    }

    fn keep(&self, user: u64, connection: Connection) {
        self.kept.borrow_mut().insert(user, connection);
    }

    async fn send(&self, user: u64, arguments: &Arguments) -> Result<Answer, RequestError> {
        let message = payload::message(arguments)?;
        let mut bytes = message.as_bytes();
        let with_newline: Vec<u8>;
        if arguments.has("json") {
            with_newline = [bytes, b"\n"].concat();
            bytes = &with_newline;
        }
        let mut connection = self.connection(user).await?;
        let sent = within(self.timeout, connection.send(bytes)).await?;
        sent.map_err(|error| stream_error(&error))?;
        self.keep(user, connection);
        Ok(Answer { bytes: bytes.len() as u64, ..Answer::default() })
    }

    /// A connection over which nothing came in time is not kept: a late answer must not be taken for the next one.
    async fn receive(&self, user: u64, arguments: &Arguments) -> Result<Answer, RequestError> {
        let timeout = arguments.duration("timeout").unwrap_or(self.timeout);
        let mut piece = Piece::new(arguments, &self.patterns)?;
        let kept = self.kept.borrow_mut().remove(&user);
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.open().await?,
        };
        let body = within(timeout, connection.receive(&mut piece)).await??;
        self.keep(user, connection);
        Ok(Answer { bytes: body.len() as u64, body, ..Answer::default() })
    }
}

impl Connection {
    /// Whether the other end has not closed it. What has come meanwhile is kept for whoever waits for it next.
    fn is_open(&mut self) -> bool {
        let mut part = [0; AT_ONCE];
        while self.came.len() < MAX_UNREAD {
            match self.stream.read_now(&mut part) {
                Poll::Pending => return true,
                Poll::Ready(Ok(length)) if length > 0 => self.came.extend_from_slice(&part[..length]),
                Poll::Ready(_) => return false,
            }
        }
        false
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn receive(&mut self, piece: &mut Piece) -> Result<Bytes, RequestError> {
        loop {
            if let Some(found) = piece.take(&mut self.came)? {
                return Ok(found);
            }
            match self.stream.read_buf(&mut self.came).await {
                Ok(0) => return Err(RequestError::Closed),
                Ok(_) => {}
                Err(error) => return Err(stream_error(&error)),
            }
        }
    }
}

/// Where a target with an address is.
pub(in crate::kinds) fn address(settings: &Arguments, around: &Around) -> Result<Peer, ClientError> {
    let address = settings.text("address").unwrap_or_default();
    Peer::parse(address, None).map(|peer| peer.asked(settings, around)).ok_or_else(|| {
        ClientError::new(format!("`{address}` is not an address: write one like \"127.0.0.1:7\""))
    })
}

/// What comes of something that may take so long.
pub(in crate::kinds) async fn within<T>(
    timeout: Duration,
    what: impl Future<Output = T>,
) -> Result<T, RequestError> {
    tokio::time::timeout(timeout, what).await.map_err(|_| RequestError::TimedOut(timeout))
}

impl Requester for TcpClient {
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        match call.verb {
            "send" => Box::pin(self.send(user, &call.arguments)),
            _ => Box::pin(self.receive(user, &call.arguments)),
        }
    }

    /// One that cannot be opened now is told by the request that needs it.
    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            let users: Vec<u64> = users.collect();
            for together in users.chunks(TOGETHER) {
                let opened = together.iter().map(|user| async {
                    let connection = self.connection(*user).await;
                    connection.into_iter().for_each(|connection| self.keep(*user, connection));
                });
                futures_util::future::join_all(opened).await;
            }
        })
    }

    fn release(&self, users: RangeInclusive<u64>) {
        self.kept.borrow_mut().retain(|user, _| !users.contains(user));
    }
}
