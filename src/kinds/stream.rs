//! Where a target is and how it is reached: over TCP as it is, or with TLS on top of it.

use super::client::{Around, ClientError};
use super::request::RequestError;
use super::socket::Peer;
use super::tls::{Encrypted, Tls, TlsError};
use crate::lang::call::Arguments;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// A place that connections are opened to.
#[derive(Clone)]
pub struct Endpoint {
    /// Host and port.
    pub peer: Peer,
    /// How they are encrypted, where they are.
    pub tls: Option<Tls>,
}

impl Endpoint {
    /// Of a URL whose scheme says whether there is TLS; `scheme` is the one that says so.
    ///
    /// # Errors
    /// Where TLS cannot be set up, or is set and the scheme is another.
    pub fn of_url(
        peer: Peer,
        encrypted: bool,
        scheme: &'static str,
        settings: &Arguments,
        around: &Around,
    ) -> Result<Endpoint, ClientError> {
        if !encrypted && settings.has("tls") {
            return Err(ClientError::new(TlsError::NotAsked(scheme)));
        }
        Endpoint::new(peer, encrypted, settings, around)
    }

    /// Of an address, where the setting `tls` says that there is TLS.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn of_address(peer: Peer, settings: &Arguments, around: &Around) -> Result<Endpoint, ClientError> {
        Endpoint::new(peer, settings.has("tls"), settings, around)
    }

    fn new(
        peer: Peer,
        encrypted: bool,
        settings: &Arguments,
        around: &Around,
    ) -> Result<Endpoint, ClientError> {
        let tls =
            encrypted.then(|| Tls::read(settings, &around.folder)).transpose().map_err(ClientError::new)?;
        Ok(Endpoint { peer, tls })
    }

    /// Offers these protocols above TLS (ALPN), the best first.
    pub fn offering(self, protocols: &[&str]) -> Endpoint {
        Endpoint { tls: self.tls.map(|tls| tls.offering(protocols)), ..self }
    }

    /// Opens a connection, one of `open` to the same place, with its handshake within `timeout`.
    pub async fn connect(&self, timeout: Duration, open: usize) -> Result<Stream, RequestError> {
        let deadline = Instant::now() + timeout;
        let stream = self.peer.connect(timeout, open).await?;
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(stream)) };
        let shaken = timeout_at(deadline, tls.handshake(stream, &self.peer.host)).await;
        shaken.map_err(|_| RequestError::TimedOut(timeout))?.map(Stream::Encrypted)
    }
}

/// An open connection.
pub enum Stream {
    /// TCP as it is.
    Plain(TcpStream),
    /// TLS over it. What is written is sent with a flush.
    Encrypted(Encrypted),
}

impl Stream {
    /// Goes on with TLS, where it is not spoken already: for protocols in which it begins behind some words.
    pub async fn encrypt(self, tls: &Tls, host: &str) -> Result<Stream, RequestError> {
        match self {
            Stream::Plain(stream) => tls.handshake(stream, host).await.map(Stream::Encrypted),
            Stream::Encrypted(_) => Ok(self),
        }
    }

    /// Whether what is written waits for a flush.
    pub fn holds_back(&self) -> bool {
        matches!(self, Stream::Encrypted(_))
    }

    /// The protocol that both ends agreed on above TLS (ALPN), where they did.
    pub fn protocol(&self) -> Option<&[u8]> {
        match self {
            Stream::Plain(_) => None,
            Stream::Encrypted(stream) => stream.protocol(),
        }
    }

    /// Sends what can be sent without waiting; for the last words of a connection that is given up.
    pub fn write_now(&mut self, bytes: &[u8]) {
        let mut context = Context::from_waker(Waker::noop());
        let mut stream = Pin::new(self);
        // Nobody is left who could be told that it did not go.
        if let Poll::Ready(Ok(_)) = stream.as_mut().poll_write(&mut context, bytes) {
            let _ = stream.poll_flush(&mut context);
        }
    }

    /// Reads what has come, without waiting for more: pending where there is nothing, 0 at the end.
    pub fn read_now(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let read = Pin::new(self).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer);
        read.map_ok(|()| buffer.filled().len())
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
