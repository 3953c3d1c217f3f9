//! The WebSocket client: every conversation has a connection of its own.

use super::channel::{Counted, MAX_MESSAGE, WebSocket, cause};
use super::handshake::shake_hands;
use crate::kinds::client::{Around, ClientError};
use crate::kinds::http::client::header;
use crate::kinds::pattern::Patterns;
use crate::kinds::place::{Place, Schemes};
use crate::kinds::request::{Answer, Conversation, Listening, RequestError, Requester};
use crate::kinds::socket::DEFAULT_TIMEOUT;
use crate::kinds::stream::{Endpoint, Stream};
use crate::kinds::talk::{Channel, Talk};
use crate::lang::call::{Arguments, Call, Message};
use futures_util::future::LocalBoxFuture;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

const SCHEMES: Schemes = Schemes { plain: ("ws", 80), encrypted: ("wss", 443) };

/// So many connections are being opened at once; the queue of a server that listens is rarely longer.
const MAX_CONNECTING: usize = 256;
/// What a connection reads at once: most of the memory that one which is only held needs. A longer message grows it.
const READ_BUFFER: usize = 512;

/// A declared `websocket` target.
pub struct WebSocketClient {
    endpoint: Endpoint,
    url: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    /// What is sent first over every connection.
    greeting: Option<Message>,
    connecting: Semaphore,
    patterns: Rc<Patterns>,
    open: Arc<AtomicU64>,
    own: Rc<Cell<u64>>,
    before: u64,
}

impl WebSocketClient {
    /// From the settings `url`, `header`, `greeting`, `timeout` and `tls`.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<WebSocketClient, ClientError> {
        let place = Place::parse(settings.text("url").unwrap_or_default(), &SCHEMES)?;
        if place.user.is_some() {
            return Err(ClientError::new("a `url` holds no user or password here: send them as a header"));
        }
        let headers: Result<Vec<_>, _> = settings.all("header").map(header).collect();
        Ok(WebSocketClient {
            url: format!("{}://{}{}", if place.encrypted { "wss" } else { "ws" }, place.peer, place.path),
            endpoint: place.endpoint(&SCHEMES, settings, around)?.offering(&["http/1.1"]),
            headers: headers.map_err(ClientError::new)?,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            greeting: settings.text("greeting").map(|text| Message::Text(text.to_string())),
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
        let stream = Box::pin(self.handshake(&call.arguments)).await?;
        let counted = Counted::new(Arc::clone(&self.open), Rc::clone(&self.own));
        let mut socket = WebSocket::new(stream, counted);
        self.greet(&mut socket).await?;
        Ok(socket)
    }

    /// Sends what is sent first over every connection.
    async fn greet(&self, socket: &mut WebSocket) -> Result<(), RequestError> {
        let Some(greeting) = &self.greeting else { return Ok(()) };
        let sent = tokio::time::timeout(self.timeout, socket.send(greeting)).await;
        sent.unwrap_or(Err(RequestError::TimedOut(self.timeout)))
    }

    async fn handshake(&self, arguments: &Arguments) -> Result<WebSocketStream<Stream>, RequestError> {
        let mut request = self.url.as_str().into_client_request().map_err(|error| cause(&error))?;
        add(request.headers_mut(), self.headers.iter().cloned());
        let own: Result<Vec<_>, _> = arguments.all("header").map(header).collect();
        add(
            request.headers_mut(),
            own.map_err(|error| RequestError::Invalid(error.to_string()))?.into_iter(),
        );
        let open = usize::try_from(self.before + self.own.get()).unwrap_or(usize::MAX);
        let stream = self.endpoint.connect(self.timeout, open + MAX_CONNECTING).await?;
        // 0: what is sent goes out at once, and no buffer is kept for it.
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let opened = tokio::time::timeout(self.timeout, shake_hands(stream, request, config)).await;
        opened.map_err(|_| RequestError::TimedOut(self.timeout))?.map_err(|error| cause(&error))
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

    /// One that is not counted among those that are open: the scenario opened none.
    fn listen<'a>(&'a self, _topic: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn Listening>, RequestError>> {
        Box::pin(async move {
            let stream = self.handshake(&Arguments::default()).await?;
            let mut socket = WebSocket::new(stream, Counted::new(Arc::default(), Rc::default()));
            self.greet(&mut socket).await?;
            Ok(Box::new(socket) as Box<dyn Listening>)
        })
    }
}
