//! One connection: a request goes out on it and the answer is read, both by whoever asks. There is no task and no
//! channel between them.

use super::body::{Body, Desk};
use super::chunked::Chunked;
use super::head::{self, Framing, Head};
use super::transport::Transport;
use super::upload::{self, Reading, Upload};
use crate::kinds::request::{RequestError, Wanted};
use crate::kinds::socket::stream_error;
use bytes::Bytes;
use hyper::HeaderMap;
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::sync::Notify;

/// So many interim answers (100, 103) may come before the real one.
const MAX_INTERIM: usize = 100;
/// So many buffers of one answer are read before others have their turn.
const MAX_READS: usize = 16;

/// A connection that carries one request at a time.
pub(super) struct Connection {
    transport: Transport,
    /// Whether it has carried a request before.
    used: bool,
    /// Since when nobody uses it, where that matters.
    pub idle_since: Option<Instant>,
    open: Rc<Open>,
}

/// How many connections there are to one place.
#[derive(Default)]
pub(super) struct Open {
    count: Cell<usize>,
    less: Notify,
}

impl Open {
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// Waits until there is one less; for one task at a time.
    pub async fn one_less(&self) {
        self.less.notified().await;
    }
}

/// A request as bytes.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub bytes: &'a [u8],
    /// What follows them.
    pub upload: Option<&'a Upload>,
    /// Whether it is a HEAD request, whose answer has no body.
    pub is_head: bool,
    pub wanted: Wanted,
}

/// An answer, read to its end.
pub(super) struct Incoming {
    pub status: u16,
    pub headers: HeaderMap,
    /// Empty where nobody wants it.
    pub body: Bytes,
    /// How long the body was.
    pub received: u64,
    /// Whether the connection may carry another request.
    pub reusable: bool,
}

/// Why there is no answer.
pub(super) enum Failure {
    /// The other end had closed the connection before anything was sent on it: that is no answer to this request,
    /// which may go out on another one.
    Unsent,
    Failed(RequestError),
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Failure {
        Failure::Failed(error)
    }
}

impl Connection {
    /// Over an open stream; it counts in `open` for as long as it lives.
    pub fn new(transport: Transport, open: Rc<Open>) -> Connection {
        open.count.set(open.count.get() + 1);
        Connection { transport, used: false, idle_since: None, open }
    }

    /// Whether it could carry a request now, as far as is known.
    pub fn is_open(&mut self) -> bool {
        self.transport.is_quiet()
    }

    /// Sends a request and reads its answer. An answer that comes before all was sent is an answer all the same.
    pub async fn exchange(&mut self, request: Outgoing<'_>, desk: &Desk) -> Result<Incoming, Failure> {
        let first = !std::mem::replace(&mut self.used, true);
        let mut exchange = Exchange {
            transport: &mut self.transport,
            desk,
            request,
            first,
            sent: 0,
            upload: request.upload.map(|upload| Box::new(upload.read())),
            flushed: false,
            refused: None,
            unread: Vec::new(),
            interim: 0,
            head: None,
            body: Body::new(desk, request.wanted.body),
            place: Place::Head,
        };
        poll_fn(move |context| exchange.poll(context)).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.count.set(self.open.count.get() - 1);
        self.open.less.notify_one();
    }
}

/// What of an answer is read next.
enum Place {
    Head,
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

/// A request and its answer under way.
struct Exchange<'a> {
    transport: &'a mut Transport,
    desk: &'a Desk,
    request: Outgoing<'a>,
    /// Whether the connection is new.
    first: bool,
    sent: usize,
    /// What has yet to be sent behind the request's own bytes.
    upload: Option<Box<Reading>>,
    flushed: bool,
    /// Why no more can be sent.
    refused: Option<RequestError>,
    /// The beginning of a head that is not there whole.
    unread: Vec<u8>,
    interim: usize,
    head: Option<Head>,
    body: Body<'a>,
    place: Place,
}

impl Exchange<'_> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Incoming, Failure>> {
        if !self.flushed
            && self.refused.is_none()
            && let Poll::Ready(Err(error)) = self.poll_send(context)
        {
            if self.sent == 0 && !self.first {
                return Poll::Ready(Err(Failure::Unsent));
            }
            if upload::is_own(&error) {
                return Poll::Ready(Err(error.into()));
            }
            // What the other end had said before it refused the rest still counts.
            self.refused = Some(error);
        }
        let desk = self.desk;
        let mut buffer = desk.buffer.borrow_mut();
        let mut reads = 0;
        loop {
            reads += 1;
            if reads > MAX_READS {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let read = match self.transport.poll_read(context, &mut buffer) {
                Poll::Pending if self.refused.is_none() => return Poll::Pending,
                Poll::Pending => Err(self.refused.take().unwrap_or(RequestError::Reset)),
                Poll::Ready(read) => read.map_err(|error| stream_error(&error)),
            };
            match read {
                Ok(0) => return Poll::Ready(self.ended()),
                Ok(length) => match self.take(&buffer[..length]) {
                    Ok(Some(answer)) => return Poll::Ready(Ok(answer)),
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Err(error.into())),
                },
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        while self.sent < self.request.bytes.len() {
            self.sent += ready!(poll_write(self.transport, context, &self.request.bytes[self.sent..]))?;
        }
        ready!(self.poll_upload(context))?;
        ready!(self.transport.poll_flush(context)).map_err(|error| stream_error(&error))?;
        self.flushed = true;
        Poll::Ready(Ok(()))
    }

    fn poll_upload(&mut self, context: &mut Context<'_>) -> Poll<Result<(), RequestError>> {
        let Some(upload) = &mut self.upload else { return Poll::Ready(Ok(())) };
        loop {
            let piece = ready!(upload.poll_piece(context))?;
            if piece.is_empty() {
                self.upload = None;
                return Poll::Ready(Ok(()));
            }
            let written = ready!(poll_write(self.transport, context, piece))?;
            upload.advance(written);
        }
    }

    /// The other end has closed.
    fn ended(&mut self) -> Result<Incoming, Failure> {
        match self.place {
            Place::UntilClose => Ok(self.finish(false)?),
            _ if self.sent == 0 && !self.first => Err(Failure::Unsent),
            _ => Err(RequestError::Closed.into()),
        }
    }

    /// Takes in what was read; the answer, once it is complete.
    fn take(&mut self, bytes: &[u8]) -> Result<Option<Incoming>, RequestError> {
        if self.unread.is_empty() {
            return self.digest(bytes);
        }
        let mut whole = std::mem::take(&mut self.unread);
        whole.extend_from_slice(bytes);
        self.digest(&whole)
    }

    fn digest(&mut self, bytes: &[u8]) -> Result<Option<Incoming>, RequestError> {
        let mut rest = bytes;
        while let Place::Head = self.place {
            let Some((head, length)) = head::read(rest, self.request.is_head, self.request.wanted.headers)?
            else {
                self.unread = rest.to_vec();
                return Ok(None);
            };
            rest = &rest[length..];
            if (100..200).contains(&head.status) && head.status != 101 {
                self.interim += 1;
                if self.interim > MAX_INTERIM {
                    return Err(RequestError::Garbled);
                }
                continue;
            }
            self.place = match head.framing {
                Framing::Length(length) => {
                    self.body.expect(length)?;
                    Place::Length(length)
                }
                Framing::Chunked => Place::Chunked(Chunked::new()),
                Framing::UntilClose => Place::UntilClose,
            };
            self.head = Some(head);
        }
        let body = &mut self.body;
        let ended = match &mut self.place {
            Place::Head => false,
            Place::Length(left) => {
                let part = (*left).min(rest.len() as u64);
                body.add(&rest[..part as usize])?;
                rest = &rest[part as usize..];
                *left -= part;
                *left == 0
            }
            Place::Chunked(chunked) => {
                let length = chunked.decode(rest, &mut |data| body.add(data))?;
                rest = &rest[length..];
                chunked.has_ended()
            }
            Place::UntilClose => {
                body.add(rest)?;
                false
            }
        };
        if ended { self.finish(rest.is_empty()).map(Some) } else { Ok(None) }
    }

    /// The answer is complete; `clean` says that nothing came behind it.
    fn finish(&mut self, clean: bool) -> Result<Incoming, RequestError> {
        let head = self.head.take().ok_or(RequestError::Closed)?;
        let (body, received) = self.body.take();
        let reusable = head.keep_alive && clean && self.flushed;
        Ok(Incoming { status: head.status, headers: head.headers, body, received, reusable })
    }
}

/// Writes some of the bytes, at least one.
fn poll_write(
    transport: &mut Transport,
    context: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<Result<usize, RequestError>> {
    Poll::Ready(match ready!(transport.poll_write(context, bytes)) {
        Ok(0) => Err(RequestError::Closed),
        Ok(written) => Ok(written),
        Err(error) => Err(stream_error(&error)),
    })
}
