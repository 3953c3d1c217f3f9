//! One connection to a Redis server, over which many commands are on their way at once: answers come in their order.

use super::resp::{self, Reply};
use crate::kinds::buffered::Buffered;
use crate::kinds::pool::Pooled;
use crate::kinds::request::RequestError;
use crate::kinds::wire::{Protocol, Wire};
use bytes::BytesMut;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;
use tokio::sync::oneshot;

/// A whole answer and its length.
type Answered = Result<(Reply, usize), RequestError>;

/// An open connection.
pub(super) struct Connection {
    wire: Wire,
    replies: Rc<Replies>,
}

/// Who waits for an answer, in the order of the commands. One who has given up is still there, for the answer comes.
struct Replies {
    waiting: RefCell<VecDeque<oneshot::Sender<Answered>>>,
    /// When something came last.
    heard: Cell<Instant>,
}

impl Protocol for Replies {
    fn take(&self, came: &mut BytesMut, _out: &mut BytesMut) -> Result<(), RequestError> {
        self.heard.set(Instant::now());
        while let Some((reply, length)) = resp::take(came)? {
            if reply == Reply::Pushed {
                continue;
            }
            let waiting = self.waiting.borrow_mut().pop_front();
            // An answer to nothing.
            let waiting = waiting.ok_or(RequestError::Malformed("RESP"))?;
            let _ = waiting.send(Ok((reply, length)));
        }
        Ok(())
    }

    fn ended(&self, why: &RequestError) {
        for waiting in self.waiting.borrow_mut().drain(..) {
            let _ = waiting.send(Err(why.clone()));
        }
    }
}

impl Connection {
    /// Over an opened connection.
    pub fn new(connection: Buffered) -> Connection {
        let replies = Rc::new(Replies { waiting: RefCell::default(), heard: Cell::new(Instant::now()) });
        let protocol = Rc::clone(&replies) as Rc<dyn Protocol>;
        Connection { wire: Wire::start(connection, protocol), replies }
    }

    /// Sends a command and waits for its answer.
    pub async fn command(&self, words: &[&str]) -> Answered {
        let (answer, waiting) = oneshot::channel();
        self.replies.waiting.borrow_mut().push_back(answer);
        self.wire.send(|out| resp::write(words, out));
        waiting.await.unwrap_or(Err(RequestError::Closed))
    }

    /// A command that was sent at a moment was not answered in time: a connection over which nothing has come since is
    /// not used again.
    pub fn silent_since(&self, sent: Instant) {
        if self.replies.heard.get() < sent {
            self.wire.close();
        }
    }

    /// Gives it up.
    pub fn close(&self) {
        self.wire.close();
    }
}

impl Pooled for Connection {
    fn is_open(&self) -> bool {
        self.wire.is_open()
    }
}
