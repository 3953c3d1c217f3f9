//! Asking and being answered: the seam between an iteration and the kinds that carry out its requests.

use super::tls::TlsFailure;
use crate::lang::call::{Call, Turn};
use crate::lang::eval::{NoValue, Surroundings};
use crate::lang::expr::Expr;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use hyper::HeaderMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The status, of what has one.
    pub status: Option<u16>,
    /// The status by its name, of what names it.
    pub status_name: Option<&'static str>,
    /// The headers, of what has them.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body, where the protocol itself says what its values are.
    pub document: Option<serde_json::Value>,
    /// The path a write made, relative to its disk's folder.
    pub path: Option<String>,
    /// The rows, of a database.
    pub rows: Option<Rows>,
    /// Bytes sent and received, bodies only.
    pub bytes: u64,
}

/// The rows of an answer, kept as they came and decoded only when they are looked at.
#[derive(Clone)]
pub struct Rows(Rc<dyn RowSet>);

/// What a database keeps of an answer.
pub trait RowSet {
    /// The rows as a list of objects.
    fn to_json(&self) -> serde_json::Value;
}

impl Rows {
    /// From what a kind keeps.
    pub fn new(set: impl RowSet + 'static) -> Rows {
        Rows(Rc::new(set))
    }

    /// The rows as a list of objects.
    pub fn to_json(&self) -> serde_json::Value {
        self.0.to_json()
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

impl Answer {
    /// The body as JSON, or else as a text.
    pub fn body_json(&self) -> serde_json::Value {
        if let Some(document) = &self.document {
            return document.clone();
        }
        let text = || String::from_utf8_lossy(&self.body).into_owned().into();
        serde_json::from_slice(&self.body).unwrap_or_else(|_| text())
    }

    /// The body as it came, as a text; of what is no text the JSON of it.
    pub fn body_text(&self) -> String {
        match &self.document {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(document) => document.to_string(),
            None => String::from_utf8_lossy(&self.body).into_owned(),
        }
    }

    /// The headers as an object. Those of one name are one text, as HTTP allows to join them.
    pub fn headers_json(&self) -> serde_json::Value {
        let text = |name| {
            let values = self.headers.get_all(name).iter();
            let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
            values.collect::<Vec<_>>().join(", ")
        };
        let members = self.headers.keys().map(|name| (name.to_string(), text(name).into()));
        serde_json::Value::Object(members.collect())
    }
}

/// Why there is no answer. The wording is the name under which reports count the cause, so it must not hold
/// anything that differs from one request to the next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// The other end tore the connection down.
    #[error("connection reset")]
    Reset,
    /// The other end closed before it had answered.
    #[error("connection closed before the answer")]
    Closed,
    /// No answer in time.
    #[error("no answer within {}", crate::lang::unit::format_duration(*.0))]
    TimedOut(Duration),
    /// The name has no address.
    #[error("the name `{0}` has no address")]
    NoAddress(String),
    /// This process or machine has no descriptors or ports left.
    #[error("out of descriptors or ports on this machine")]
    Exhausted,
    /// The other end of a WebSocket closed it, with a code (RFC 6455, section 7.4) where it gave one.
    #[error("closed by the other end with {}", .0.map_or("no code".to_string(), |code| code.to_string()))]
    ClosedWith(Option<u16>),
    /// No datagram in time.
    #[error("lost: no datagram within {}", crate::lang::unit::format_duration(*.0))]
    Lost(Duration),
    /// A datagram that no network carries.
    #[error("the datagram is larger than a network carries")]
    TooLong,
    /// What was asked for a WebSocket stayed with HTTP.
    #[error("the server answered {0} and opened no WebSocket")]
    NotUpgraded(u16),
    /// What came is not what the protocol allows.
    #[error("what came is not valid {0}")]
    Malformed(&'static str),
    /// What came back was no HTTP.
    #[error("the answer is not valid HTTP")]
    Garbled,
    /// A server that was offered HTTP/2 in the handshake of TLS and did not take it.
    #[error("the server does not speak HTTP/2")]
    NoHttp2,
    /// The answers of a server that was asked over HTTP/2 end with this connection, by the name of its reason (RFC 9113,
    /// section 7).
    #[error("the connection was ended by GOAWAY ({0})")]
    GoneAway(&'static str),
    /// The other end gave up one stream of an HTTP/2 connection, by the name of its reason.
    #[error("the stream was reset ({0})")]
    StreamReset(&'static str),
    /// A proxy did not connect as it was asked to.
    #[error("the proxy answered {0}")]
    ProxyAnswered(u16),
    /// Redirects that lead on and on.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// A redirect whose address cannot be followed.
    #[error("a redirect to no address that HTTP knows")]
    RedirectNowhere,
    /// A redirect to a host that the scenario does not name.
    #[error("a redirect to `{0}`, which the scenario does not permit")]
    RedirectRefused(String),
    /// A body in a form that the client did not ask for.
    #[error("the answer is compressed in a way that was not asked for")]
    UnknownCoding,
    /// A file that is sent ends earlier than when it was opened.
    #[error("a file became shorter while it was sent")]
    Shortened,
    /// The body is larger than soak reads.
    #[error("the answer is larger than {} MiB", .0 >> 20)]
    TooLarge(usize),
    /// All the bodies being read together are larger than soak holds.
    #[error("the answers being read are larger than {} MiB together", .0 >> 20)]
    TooMuch(usize),
    /// The request cannot be made as it stands.
    #[error("{0}")]
    Invalid(String),
    /// The other end refused what was asked, with words that differ each time beside the name of the cause.
    #[error("{cause}")]
    Stated {
        /// The name of the cause, one of a fixed set.
        cause: String,
        /// What the other end said.
        detail: String,
    },
    /// No encrypted connection, by its cause.
    #[error(transparent)]
    Tls(TlsFailure),
    /// Anything else the system said.
    #[error("{0}")]
    Failed(String),
}

impl RequestError {
    /// The cause with all that is known of it, for a reader of this one failure.
    pub fn in_full(&self) -> String {
        match self {
            RequestError::Stated { cause, detail } => format!("{cause}: {detail}"),
            other => other.to_string(),
        }
    }
}

/// What of an answer is looked at. The rest need not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its headers.
    pub headers: bool,
    /// Its body.
    pub body: bool,
}

impl Wanted {
    /// Whatever came back.
    pub const ALL: Wanted = Wanted { headers: true, body: true };
}

/// A request as the scenario writes it, its arguments yet to be evaluated each time it is made.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// The verb's name.
    pub verb: &'static str,
    /// The arguments by the names of their parameters, in the order written.
    pub arguments: Vec<(&'static str, Vec<&'a Expr>)>,
    /// What of its answer is looked at.
    pub wanted: Wanted,
}

/// An answer on its way.
pub type Asking<'a> = LocalBoxFuture<'a, Result<Answer, RequestError>>;

/// A request that was made ready to be made many times: what does not change is written down already.
pub trait Prepared {
    /// Evaluates what changes, in the order written, and sends the request for a user, numbered as in
    /// [`Requester::request`].
    ///
    /// # Errors
    /// Where an argument has no value. Nothing was sent then.
    fn send<'a>(&'a self, user: u64, around: &mut dyn Surroundings) -> Result<Asking<'a>, NoValue>;
}

/// Something that can be asked. Used within one thread.
pub trait Requester {
    /// Carries out one request for a user. Its number belongs to that user alone, among all loads that run.
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> Asking<'a>;

    /// Makes a request ready that a load makes again and again, where that is faster than a [`Call`] each time.
    fn prepare(self: Rc<Self>, _draft: &Draft<'_>) -> Option<Rc<dyn Prepared>> {
        None
    }

    /// Opens what a conversation takes place on.
    fn converse<'a>(
        &'a self,
        _user: u64,
        _call: &'a Call,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Conversation>, RequestError>> {
        Box::pin(std::future::ready(Err(RequestError::Invalid("no conversation is held with this".into()))))
    }

    /// Listens to a topic, where it has any, over a connection of its own: to what is sent from now on, and nothing that
    /// was kept from before.
    fn listen<'a>(&'a self, _topic: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn Listening>, RequestError>> {
        Box::pin(std::future::ready(Err(RequestError::Invalid("nothing can be heard of this".into()))))
    }

    /// Gets ready for as many users at once, where connections can be opened ahead.
    fn warm_up(&self, _users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// These users have gone and will ask no more: what was kept for them is let go.
    fn release(&self, _users: RangeInclusive<u64>) {}
}

/// Something open that is only listened to. Dropped, it is closed without ceremony.
pub trait Listening {
    /// The next message. Dropping the future loses none.
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Bytes, RequestError>>;
}

/// Something open that is talked over, one turn after the other. Dropped, it is closed without ceremony.
pub trait Conversation {
    /// Takes a turn; gives the message that a [`Turn::Receive`] waited for. A turn that failed ends the conversation.
    fn turn<'a>(&'a mut self, turn: &'a Turn) -> LocalBoxFuture<'a, Result<Option<Bytes>, RequestError>>;

    /// Closes it as its protocol wants it closed.
    fn close(&mut self) -> LocalBoxFuture<'_, Result<(), RequestError>>;

    /// Bytes sent and received so far, messages only.
    fn bytes(&self) -> u64;
}
