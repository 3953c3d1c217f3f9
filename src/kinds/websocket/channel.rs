//! One WebSocket: its messages, and its end by RFC 6455. Pings are answered while anybody waits for a message.

use crate::kinds::request::RequestError;
use crate::kinds::socket::stream_error;
use crate::kinds::stream::Stream;
use crate::kinds::talk::Channel;
use crate::lang::call::Message;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message as Frame, Utf8Bytes};

/// A larger message ends its connection with an error.
pub(super) const MAX_MESSAGE: usize = 64 << 20;
/// How long the other end may take to say that it closes too.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// A closing frame with "going away" (RFC 6455, sections 5.2, 5.5.1 and 7.4.1), masked with zeros.
const GOING_AWAY: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9];

/// Counts one among the connections that are open, for as long as it lives: of the target, and of this client alone.
pub(super) struct Counted {
    open: Arc<AtomicU64>,
    own: Rc<Cell<u64>>,
}

impl Counted {
    pub fn new(open: Arc<AtomicU64>, own: Rc<Cell<u64>>) -> Counted {
        open.fetch_add(1, Ordering::Relaxed);
        own.set(own.get() + 1);
        Counted { open, own }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.own.set(self.own.get() - 1);
    }
}

/// An open WebSocket.
pub(super) struct WebSocket {
    stream: WebSocketStream<Stream>,
    /// Whether either end has begun to close it.
    closing: bool,
    _counted: Counted,
}

impl WebSocket {
    pub fn new(stream: WebSocketStream<Stream>, counted: Counted) -> WebSocket {
        WebSocket { stream, closing: false, _counted: counted }
    }

    /// The other end said that it closes: it is answered, then told.
    async fn closed_with(&mut self, frame: Option<CloseFrame>) -> RequestError {
        self.closing = true;
        let answered = async { while let Some(Ok(_)) = self.stream.next().await {} };
        // Whether the answer still reaches anybody is not ours to know.
        let _ = timeout(CLOSE_WITHIN, answered).await;
        RequestError::ClosedWith(frame.map(|frame| frame.code.into()))
    }
}

impl Channel for WebSocket {
    async fn send(&mut self, message: &Message) -> Result<(), RequestError> {
        let frame = match message {
            Message::Text(text) => Frame::Text(Utf8Bytes::from(text.as_str())),
            Message::Binary(bytes) => Frame::Binary(Bytes::copy_from_slice(bytes)),
        };
        self.stream.send(frame).await.map_err(|error| cause(&error))
    }

    async fn next(&mut self) -> Result<Bytes, RequestError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Frame::Text(text))) => return Ok(Bytes::from(text)),
                Some(Ok(Frame::Binary(bytes))) => return Ok(bytes),
                Some(Ok(Frame::Close(frame))) => return Err(self.closed_with(frame).await),
                // Pings are answered by the library as it reads on.
                Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => {}
                Some(Err(error)) => {
                    self.closing = true;
                    return Err(cause(&error));
                }
                None => {
                    self.closing = true;
                    return Err(RequestError::Closed);
                }
            }
        }
    }

    async fn close(&mut self) -> Result<(), RequestError> {
        if self.closing {
            return Ok(());
        }
        self.closing = true;
        let frame = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
        let closed = async {
            self.stream.send(Frame::Close(Some(frame))).await?;
            let mut answered = false;
            loop {
                match self.stream.next().await {
                    // What was on its way still comes.
                    Some(Ok(frame)) => answered |= matches!(frame, Frame::Close(_)),
                    // Many a server ends TLS without a word once this is said.
                    Some(Err(Error::Io(error)))
                        if answered && error.kind() == io::ErrorKind::UnexpectedEof =>
                    {
                        return Ok(());
                    }
                    Some(Err(Error::ConnectionClosed)) | None => return Ok(()),
                    Some(Err(error)) => return Err(error),
                }
            }
        };
        match timeout(CLOSE_WITHIN, closed).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(cause(&error)),
            Err(_) => Err(RequestError::Failed("the other end did not say that it closes too".into())),
        }
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        if !self.closing {
            // It was cut: the other end is told, as far as that can be done without waiting.
            self.stream.get_mut().write_now(&GOING_AWAY);
        }
    }
}

/// What a failure is counted as.
pub(super) fn cause(error: &Error) -> RequestError {
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => RequestError::Closed,
        Error::Io(error) => stream_error(error),
        Error::ConnectionClosed | Error::AlreadyClosed => RequestError::Closed,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => RequestError::Reset,
        Error::Protocol(ProtocolError::HandshakeIncomplete) => RequestError::Closed,
        Error::Capacity(CapacityError::MessageTooLong { .. }) => RequestError::TooLarge(MAX_MESSAGE),
        Error::Http(response) => RequestError::NotUpgraded(response.status().as_u16()),
        _ => RequestError::Malformed("WebSocket"),
    }
}
