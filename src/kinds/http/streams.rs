//! HTTP/2 (RFC 9113): many requests at once on one connection, each a stream of it. A server says how many it takes at
//! once; what is beyond waits.

use super::body::{Body, Desk};
use super::connection::{Incoming, Outgoing};
use super::connections::Keeping;
use super::upload::{self, Upload};
use super::way::Way;
use super::writing::Parsed;
use crate::kinds::pool::{Pool, Pooled};
use crate::kinds::request::{RequestError, Wanted};
use crate::kinds::socket::stream_error;
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use hyper::http::uri::{PathAndQuery, Scheme};
use hyper::{HeaderMap, Method, Request, Uri, header};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;

/// How much of one answer, and of all together, may come before it is taken in: enough that no window is waited for on a
/// near network.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// The headers of an answer are no larger.
const MAX_HEADERS: u32 = 64 << 10;
/// So often a request goes out on another connection when the one before has not heard of it.
const ATTEMPTS: usize = 10;
/// Of an upload so much is given to the connection at once.
const PIECE: usize = 64 << 10;

/// A server that closes in good order says up to which stream it has heard; this comes of those behind (RFC 9113, section
/// 6.8).
const UNHEARD: RequestError = RequestError::GoneAway("NO_ERROR");

const MALFORMED: RequestError = RequestError::Malformed("HTTP/2");

/// The HTTP/2 connections to one place.
pub(super) struct Streams {
    way: Way,
    scheme: Scheme,
    timeout: Duration,
    reuse: bool,
    pool: Pool<Opened>,
}

/// An open connection. It goes when nobody has a stream of it any more.
struct Opened {
    requests: SendRequest<Bytes>,
    ended: Rc<Ended>,
}

/// Whether a connection has ended, and what for where that is known.
#[derive(Default)]
struct Ended {
    has: Cell<bool>,
    cause: RefCell<Option<RequestError>>,
}

impl Opened {
    /// An error of one of its streams. That the connection has closed is said better by why it has.
    fn explained(&self, error: RequestError) -> RequestError {
        match (error, &*self.ended.cause.borrow()) {
            (RequestError::Closed, Some(cause)) => cause.clone(),
            (error, _) => error,
        }
    }
}

impl Pooled for Opened {
    fn is_open(&self) -> bool {
        !self.ended.has.get()
    }
}

impl Streams {
    /// None open yet; opening one may take `timeout`.
    pub fn new(way: Way, secure: bool, timeout: Duration, keeping: Keeping) -> Streams {
        let scheme = if secure { Scheme::HTTPS } else { Scheme::HTTP };
        Streams { way, scheme, timeout, reuse: keeping.reuse, pool: Pool::of(keeping.most, keeping.own) }
    }

    /// Opens what these users will need.
    pub async fn warm_up(&self, users: RangeInclusive<u64>) {
        if self.reuse {
            self.pool.warm_up(users, || self.open()).await;
        }
    }

    /// These users ask no more.
    pub fn release(&self, users: &RangeInclusive<u64>) {
        self.pool.release(users);
    }

    async fn open(&self) -> Result<Opened, RequestError> {
        let stream = self.way.open(self.timeout, 0).await?;
        if stream.holds_back() && stream.protocol() != Some(b"h2") {
            return Err(RequestError::NoHttp2);
        }
        let shaking = Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEADERS)
            // What a server takes at once it says at the beginning; more than one stream waits for that.
            .initial_max_send_streams(1)
            .handshake::<_, Bytes>(stream);
        let (requests, connection) = shaking.await.map_err(|error| cause(&error))?;
        let ended = Rc::new(Ended::default());
        let told = Rc::clone(&ended);
        spawn_local(async move {
            let outcome = connection.await;
            told.has.set(true);
            *told.cause.borrow_mut() = outcome.err().map(|error| cause(&error));
        });
        Ok(Opened { requests, ended })
    }

    /// Sends a request of a user and reads its answer.
    pub async fn exchange(
        &self,
        user: u64,
        outgoing: Outgoing<'_>,
        desk: &Desk,
    ) -> Result<Incoming, RequestError> {
        let parsed = Parsed::read(outgoing.bytes)?;
        let (request, body) = (self.request(&parsed)?, Bytes::copy_from_slice(parsed.body));
        let is_whole = body.is_empty() && outgoing.upload.is_none();
        let mut last = RequestError::Closed;
        for _ in 0..ATTEMPTS {
            let opened = match self.reuse {
                true => self.pool.get(user, || self.open()).await?,
                false => Rc::new(self.open().await?),
            };
            // One that ended while nobody used it has not heard of this request.
            let ready = opened.requests.clone().ready().await;
            match ready.and_then(|mut requests| requests.send_request(request.clone(), is_whole)) {
                Ok((response, stream)) => {
                    match exchange(response, stream, body.clone(), outgoing, desk).await {
                        Err(error) if error == UNHEARD => last = error,
                        answered => return answered.map_err(|error| opened.explained(error)),
                    }
                }
                Err(error) => last = cause(&error),
            }
            opened.ended.has.set(true);
        }
        Err(last)
    }

    /// As HTTP/2 has it: the host is no header, and the connection is nobody's to speak of (RFC 9113, section 8.2.2).
    fn request(&self, parsed: &Parsed<'_>) -> Result<Request<()>, RequestError> {
        let mut headers = HeaderMap::with_capacity(parsed.headers.len());
        let mut authority = None;
        for (name, value) in &parsed.headers {
            match *name {
                header::HOST => authority = Some(value),
                header::CONNECTION | header::UPGRADE | header::TRANSFER_ENCODING => {
                    return Err(RequestError::Invalid(format!("the header `{name}` has no place in HTTP/2")));
                }
                _ => drop(headers.append(name, value.clone())),
            }
        }
        let invalid = || RequestError::Invalid("the request is none that HTTP/2 can carry".into());
        let authority = authority.ok_or_else(invalid)?.as_bytes();
        let uri = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(authority)
            .path_and_query(PathAndQuery::try_from(parsed.target).map_err(|_| invalid())?)
            .build()
            .map_err(|_| invalid())?;
        let mut request = Request::new(());
        *request.method_mut() = Method::from_bytes(parsed.method).map_err(|_| invalid())?;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// Sends the body of a request and reads its answer. One that comes before all was sent is an answer all the same.
async fn exchange(
    response: ResponseFuture,
    mut stream: SendStream<Bytes>,
    body: Bytes,
    outgoing: Outgoing<'_>,
    desk: &Desk,
) -> Result<Incoming, RequestError> {
    let mut answered = pin!(read(response, outgoing.wanted, desk));
    if let Some(upload) = outgoing.upload {
        let sent = tokio::select! {
            biased;
            answer = &mut answered => return answer,
            sent = send_file(&mut stream, upload) => sent,
        };
        // What the other end says is worth more than that it takes no more.
        if let Err(error) = sent
            && upload::is_own(&error)
        {
            stream.send_reset(Reason::CANCEL);
            return Err(error);
        }
    } else if !body.is_empty() {
        // The connection holds what the other end does not take yet.
        let _ = stream.send_data(body, true);
    }
    answered.await
}

async fn send_file(stream: &mut SendStream<Bytes>, upload: &Upload) -> Result<(), RequestError> {
    let mut reading = upload.read();
    loop {
        let wanted = poll_fn(|context| {
            reading.poll_piece(context).map(|piece| piece.map(|piece| piece.len().min(PIECE)))
        });
        let wanted = wanted.await?;
        if wanted == 0 {
            return stream.send_data(Bytes::new(), true).map_err(|error| cause(&error));
        }
        stream.reserve_capacity(wanted);
        let given = poll_fn(|context| stream.poll_capacity(context)).await;
        let given = given.ok_or(RequestError::Closed)?.map_err(|error| cause(&error))?;
        let piece = poll_fn(|context| {
            let piece = reading.poll_piece(context);
            piece.map(|piece| piece.map(|piece| Bytes::copy_from_slice(&piece[..given.min(piece.len())])))
        });
        let piece = piece.await?;
        reading.advance(piece.len());
        stream.send_data(piece, false).map_err(|error| cause(&error))?;
    }
}

async fn read(response: ResponseFuture, wanted: Wanted, desk: &Desk) -> Result<Incoming, RequestError> {
    let (head, mut stream) = response.await.map_err(|error| cause(&error))?.into_parts();
    let mut body = Body::new(desk, wanted.body);
    if let Some(length) = head.headers.get(header::CONTENT_LENGTH) {
        let length = length.to_str().ok().and_then(|length| length.parse().ok()).ok_or(MALFORMED)?;
        body.expect(length)?;
    }
    read_body(&mut stream, &mut body).await?;
    let (body, received) = body.take();
    let headers = if wanted.headers { head.headers } else { HeaderMap::new() };
    Ok(Incoming { status: head.status.as_u16(), headers, body, received, reusable: true })
}

async fn read_body(stream: &mut RecvStream, body: &mut Body<'_>) -> Result<(), RequestError> {
    while let Some(data) = stream.data().await {
        let data = data.map_err(|error| cause(&error))?;
        body.add(&data)?;
        // It is taken in: the other end may send as much again.
        let _ = stream.flow_control().release_capacity(data.len());
    }
    Ok(())
}

/// What went wrong, by its cause.
fn cause(error: &h2::Error) -> RequestError {
    if let Some(error) = error.get_io() {
        return match error.kind() {
            // So the library tells of an end in the middle of something.
            io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => RequestError::Closed,
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => MALFORMED,
            _ => stream_error(error),
        };
    }
    let reason = error.reason().map_or("INTERNAL_ERROR", name);
    match (error.is_remote(), error.is_go_away(), error.is_reset()) {
        (true, true, _) => RequestError::GoneAway(reason),
        (true, _, true) => RequestError::StreamReset(reason),
        _ if error.is_library() => MALFORMED,
        _ => RequestError::Closed,
    }
}

/// The names of HTTP/2's error codes (RFC 9113, section 7).
fn name(reason: Reason) -> &'static str {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    NAMES.get(u32::from(reason) as usize).copied().unwrap_or("an unknown reason")
}
