//! The WebSocket client: every conversation has a connection of its own.

use super::channel::{Counted, MAX_MESSAGE, WebSocket, cause};
use crate::kinds::client::{Around, ClientError};
use crate::kinds::http::client::header;
use crate::kinds::pattern::Patterns;
use crate::kinds::place::Place;
use crate::kinds::request::{Answer, Conversation, RequestError, Requester};
use crate::kinds::socket::{DEFAULT_TIMEOUT, Peer};
use crate::kinds::talk::Talk;
use crate::lang::call::{Arguments, Call};
use futures_util::future::LocalBoxFuture;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// So many connections are being opened at once; the queue of a server that listens is rarely longer.
const MAX_CONNECTING: usize = 256;
/// What a connection reads at once: most of the memory that one which is only held needs. A longer message grows it.
const READ_BUFFER: usize = 1024;

/// A declared `websocket` target.
pub struct WebSocketClient {
    peer: Peer,
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    connecting: Semaphore,
    patterns: Rc<Patterns>,
    open: Arc<AtomicU64>,
    own: Rc<Cell<u64>>,
    before: u64,
}

impl WebSocketClient {
    /// From the settings `url`, `header` and `timeout`.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<WebSocketClient, ClientError> {
        let place = Place::parse(settings.text("url").unwrap_or_default(), "ws", "wss", 80)?;
        if place.user.is_some() {
            return Err(ClientError::new("a `url` holds no user or password here: send them as a header"));
        }
        let headers: Result<Vec<_>, _> = settings.all("header").map(header).collect();
        Ok(WebSocketClient {
            url: format!("ws://{}{}", place.peer, place.path),
            peer: place.peer.from(around.stand(settings)),
            headers: headers.map_err(ClientError::new)?,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            connecting: Semaphore::new(MAX_CONNECTING),
            patterns: Rc::default(),
            open: Arc::clone(&around.open),
            own: Rc::default(),
            before: around.before,
        })
    }

    /// Opens a connection when its turn has come; until then it needs next to no memory.
    async fn open(&self, call: &Call) -> Result<WebSocket, RequestError> {
        let _place = self.connecting.acquire().await;
        Box::pin(self.handshake(call)).await
    }

    async fn handshake(&self, call: &Call) -> Result<WebSocket, RequestError> {
        let mut request = self.url.as_str().into_client_request().map_err(|error| cause(&error))?;
        add(request.headers_mut(), self.headers.iter().cloned());
        let own: Result<Vec<_>, _> = call.arguments.all("header").map(header).collect();
        add(
            request.headers_mut(),
            own.map_err(|error| RequestError::Invalid(error.to_string()))?.into_iter(),
        );
        let open = usize::try_from(self.before + self.own.get()).unwrap_or(usize::MAX);
        let stream = self.peer.connect(self.timeout, open + MAX_CONNECTING).await?;
        // 0: what is sent goes out at once, and no buffer is kept for it.
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let opening = client_async_with_config(request, stream, Some(config));
        let opened = tokio::time::timeout(self.timeout, opening).await;
        let (stream, _) =
            opened.map_err(|_| RequestError::TimedOut(self.timeout))?.map_err(|error| cause(&error))?;
        let counted = Counted::new(Arc::clone(&self.open), Rc::clone(&self.own));
        Ok(WebSocket::new(stream, counted))
    }
}

fn add(headers: &mut HeaderMap, given: impl Iterator<Item = (HeaderName, HeaderValue)>) {
    given.for_each(|(name, value)| drop(headers.insert(name, value)));
}

impl Requester for WebSocketClient {
    /// A bare `connect`: opened and closed again.
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        Box::pin(async move {
            self.converse(user, call).await?.close().await?;
            Ok(Answer::default())
        })
    }

    fn converse<'a>(
        &'a self,
        _user: u64,
        call: &'a Call,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Conversation>, RequestError>> {
        Box::pin(async move {
            let socket = self.open(call).await?;
            let talk = Talk::new(socket, self.timeout, Rc::clone(&self.patterns));
            Ok(Box::new(talk) as Box<dyn Conversation>)
        })
    }
}
