//! What a call sends: one message, or a stream of them.

use bytes::Bytes;
use hyper::body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// So many messages of a stream may wait to be sent.
const WAITING: usize = 16;

/// The body of a request.
pub(super) enum Outgoing {
    /// One message, which is taken when it is sent.
    One(Option<Bytes>),
    /// Messages, until whoever sends them is gone.
    Stream(mpsc::Receiver<Bytes>),
}

impl Outgoing {
    /// A stream, and what sends on it.
    pub fn stream() -> (mpsc::Sender<Bytes>, Outgoing) {
        let (sender, messages) = mpsc::channel(WAITING);
        (sender, Outgoing::Stream(messages))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Outgoing::One(message) => Poll::Ready(message.take().map(|message| Ok(Frame::data(message)))),
            Outgoing::Stream(messages) => {
                messages.poll_recv(context).map(|message| message.map(|message| Ok(Frame::data(message))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Outgoing::One(None))
    }
}
