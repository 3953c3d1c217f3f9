//! An open call as the messages that go over it, whatever is in them.

use super::connection::Connection;
use super::outgoing::Outgoing;
use super::{message, status};
use crate::kinds::http::client::http_error;
use crate::kinds::request::RequestError;
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response};
use std::rc::Rc;
use tokio::sync::mpsc;

/// What gRPC says of a call.
const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The status in headers or trailers, by its name.
pub(super) fn status_of(headers: &HeaderMap) -> Option<&'static str> {
    headers.get(STATUS).map(|code| status::name(code.as_bytes()))
}

/// Whether what answers speaks gRPC.
pub(super) fn is_grpc(response: &Response<Incoming>) -> Result<(), RequestError> {
    if !response.status().is_success() {
        let code = response.status().as_u16();
        return Err(RequestError::Failed(format!("the server answered HTTP {code} and no gRPC")));
    }
    let right = |value: &HeaderValue| value.as_bytes().starts_with(b"application/grpc");
    match response.headers().get(CONTENT_TYPE).is_some_and(right) {
        true => Ok(()),
        false => Err(RequestError::Malformed("gRPC")),
    }
}

/// A call that sends and is sent messages. Dropped before its end, it is cancelled.
pub(super) struct Frames {
    /// Gone once all is sent.
    out: Option<mpsc::Sender<Bytes>>,
    answer: Answer,
    came: BytesMut,
    status: Option<&'static str>,
    /// Kept, for the other end closes what nobody uses.
    _connection: Rc<Connection>,
}

enum Answer {
    Awaited(LocalBoxFuture<'static, Result<Response<Incoming>, RequestError>>),
    Begun(Incoming),
    Failed,
}

impl Frames {
    /// Begins a call.
    pub async fn open(connection: Rc<Connection>, request: Request<()>) -> Result<Frames, RequestError> {
        let (sender, body) = Outgoing::stream();
        let mut requests = connection.requests();
        requests.ready().await.map_err(|error| http_error(&error))?;
        let answer = requests.send_request(request.map(|()| body));
        let answer = Box::pin(async move { answer.await.map_err(|error| http_error(&error)) });
        Ok(Frames {
            out: Some(sender),
            answer: Answer::Awaited(answer),
            came: BytesMut::new(),
            status: None,
            _connection: connection,
        })
    }

    /// Sends a message with its prefix.
    pub async fn send(&mut self, message: Bytes) -> Result<(), RequestError> {
        let Some(out) = &self.out else {
            return Err(RequestError::Invalid("the method takes no more messages".into()));
        };
        if out.send(message).await.is_err() {
            // The call has ended; what it ended with says more.
            return Err(match self.next().await {
                Ok(Some(_)) => RequestError::Closed,
                Ok(None) => self.ended(),
                Err(error) => error,
            });
        }
        Ok(())
    }

    /// Nothing more will be sent.
    pub fn finish(&mut self) {
        self.out = None;
    }

    /// The next message without its prefix; `None` once the call has ended with a status. Dropping the future loses none.
    pub async fn next(&mut self) -> Result<Option<Bytes>, RequestError> {
        loop {
            if let Some(message) = message::take(&mut self.came)? {
                return Ok(Some(message));
            }
            if self.status.is_some() {
                return Ok(None);
            }
            self.more().await?;
        }
    }

    /// Waits for more of the answer.
    async fn more(&mut self) -> Result<(), RequestError> {
        let incoming = match &mut self.answer {
            Answer::Failed => return Err(RequestError::Closed),
            Answer::Awaited(answer) => {
                let response = answer.await;
                self.answer = Answer::Failed;
                let response = response?;
                is_grpc(&response)?;
                // Where there is nothing but a status, it stands in the head.
                self.status = status_of(response.headers());
                self.answer = Answer::Begun(response.into_body());
                return Ok(());
            }
            Answer::Begun(incoming) => incoming,
        };
        match incoming.frame().await {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => self.came.extend_from_slice(&data),
                Err(other) => self.status = other.trailers_ref().and_then(status_of),
            },
            Some(Err(error)) => return Err(http_error(&error)),
            // Without a status it was torn.
            None => return Err(RequestError::Closed),
        }
        Ok(())
    }

    /// The name of the status, once there is one.
    pub fn status(&self) -> Option<&'static str> {
        self.status
    }

    /// That the call has ended, as an error.
    pub fn ended(&self) -> RequestError {
        let status = self.status.unwrap_or("UNKNOWN");
        RequestError::Failed(format!("the stream ended with {status}"))
    }
}
