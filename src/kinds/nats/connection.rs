//! One connection to a NATS server that publishes and asks for many users at once.

use super::protocol::{self, Delivered, Heard};
use crate::kinds::buffered::Buffered;
use crate::kinds::pool::Pooled;
use crate::kinds::request::RequestError;
use crate::kinds::wire::{Protocol, Wire};
use bytes::{Bytes, BytesMut};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use tokio::sync::oneshot;

/// The status of a message that says that nobody listens to the subject asked.
const NO_RESPONDERS: u16 = 503;

/// An open connection.
pub(super) struct Connection {
    wire: Wire,
    heard: Rc<Waiting>,
    /// In front of the number of whoever waits for an answer.
    inbox: String,
    next: Cell<u64>,
}

/// Who waits for what.
#[derive(Default)]
struct Waiting {
    /// For the server to have taken in what was said, in the order it was said.
    pongs: RefCell<VecDeque<oneshot::Sender<Result<(), RequestError>>>>,
    /// What the server said is wrong with something said since the last pong.
    wrong: RefCell<Option<RequestError>>,
    answers: RefCell<HashMap<u64, oneshot::Sender<Result<Delivered, RequestError>>>>,
}

impl Protocol for Waiting {
    fn take(&self, came: &mut BytesMut, out: &mut BytesMut) -> Result<(), RequestError> {
        while let Some(heard) = protocol::take(came)? {
            match heard {
                Heard::Ping => out.extend_from_slice(b"PONG\r\n"),
                Heard::Pong => {
                    let wrong = self.wrong.borrow_mut().take();
                    let waiting = self.pongs.borrow_mut().pop_front();
                    // One that has given up is still told.
                    let _ = waiting.map(|waiting| waiting.send(wrong.map_or(Ok(()), Err)));
                }
                Heard::Error(error) => *self.wrong.borrow_mut() = Some(protocol::named(&error)),
                Heard::Message(message) => {
                    let number = message.subject.rsplit('.').next().and_then(|number| number.parse().ok());
                    let waiting = number.and_then(|number: u64| self.answers.borrow_mut().remove(&number));
                    let _ = waiting.map(|waiting| waiting.send(Ok(message)));
                }
                Heard::Info(_) | Heard::Ok => {}
            }
        }
        Ok(())
    }

    fn ended(&self, why: &RequestError) {
        // What the server said last tells more than that it then closed.
        let why = self.wrong.borrow_mut().take().unwrap_or_else(|| why.clone());
        for waiting in self.pongs.borrow_mut().drain(..) {
            let _ = waiting.send(Err(why.clone()));
        }
        for (_, waiting) in self.answers.borrow_mut().drain() {
            let _ = waiting.send(Err(why.clone()));
        }
    }
}

impl Connection {
    /// Over an opened connection. Answers come to subjects below `inbox`, which nobody else uses.
    pub fn new(connection: Buffered, inbox: String) -> Connection {
        let heard = Rc::new(Waiting::default());
        let wire = Wire::start(connection, Rc::clone(&heard) as Rc<dyn Protocol>);
        let connection = Connection { wire, heard, inbox, next: Cell::new(0) };
        let listen = format!("SUB {}.* 1\r\n", connection.inbox);
        connection.say(|out| out.extend_from_slice(listen.as_bytes()));
        connection
    }

    fn say(&self, write: impl FnOnce(&mut BytesMut)) {
        self.wire.send(write);
    }

    /// Publishes a message and waits until the server has it.
    pub async fn publish(&self, subject: &str, body: &[u8]) -> Result<(), RequestError> {
        let (taken, waiting) = oneshot::channel();
        self.heard.pongs.borrow_mut().push_back(taken);
        self.say(|out| {
            protocol::publish(out, subject, None, body);
            out.extend_from_slice(b"PING\r\n");
        });
        waiting.await.unwrap_or(Err(RequestError::Closed))
    }

    /// Publishes a message and waits for the answer to it.
    pub async fn ask(&self, subject: &str, body: &[u8]) -> Result<Bytes, RequestError> {
        let number = self.next.get();
        self.next.set(number + 1);
        let (answer, waiting) = oneshot::channel();
        self.heard.answers.borrow_mut().insert(number, answer);
        let asked = Asked { waiting: &self.heard, number };
        self.say(|out| protocol::publish(out, subject, Some(&format!("{}.{number}", self.inbox)), body));
        let answered = waiting.await.unwrap_or(Err(RequestError::Closed))?;
        drop(asked);
        match answered.status {
            Some(NO_RESPONDERS) => Err(RequestError::Failed("nobody listens to the subject".into())),
            _ => Ok(answered.body),
        }
    }
}

/// Somebody waits for an answer, until this is dropped.
struct Asked<'a> {
    waiting: &'a Waiting,
    number: u64,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.waiting.answers.borrow_mut().remove(&self.number);
    }
}

impl Pooled for Connection {
    fn is_open(&self) -> bool {
        self.wire.is_open()
    }
}
