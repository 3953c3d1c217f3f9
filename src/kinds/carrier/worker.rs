//! The carrier's own side: one thread, one client, and a table of what is open.

use super::asked;
use super::message::{Id, Order, Told, write_out};
use crate::kinds::client::{self, Around};
use crate::kinds::descriptors;
use crate::kinds::helper::own;
use crate::kinds::request::{Conversation, RequestError, Requester};
use crate::kinds::undo::RunId;
use crate::kinds::{find, request};
use crate::lang::call::{Call, Message, Turn};
use crate::lang::signature::Kind;
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::rc::Rc;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, LocalSet, spawn_local};

/// What is open. A conversation is out of here while a turn of it is taken.
#[derive(Default)]
struct Slot {
    conversation: Option<Box<dyn Conversation>>,
    task: Option<AbortHandle>,
}

struct Worker {
    kind: &'static Kind,
    client: Rc<dyn Requester>,
    slots: RefCell<HashMap<Id, Slot>>,
    told: mpsc::UnboundedSender<Told>,
}

/// Runs a carrier; returns its exit code when the run has closed the socket.
pub fn main() -> i32 {
    // Where it stays lower the run is told so by what cannot be opened.
    descriptors::raise();
    own::main(|| {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, serve())
    })
}

async fn serve() -> io::Result<()> {
    let socket = StdUnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    let (reader, writer) = UnixStream::from_std(socket)?.into_split();
    let mut orders = BufReader::new(reader);
    let (told, outbox) = mpsc::unbounded_channel::<Told>();
    spawn_local(write_out(outbox, writer));
    let mut line = Vec::new();
    let worker = match order(&mut orders, &mut line).await? {
        Some(Order::Begin { kind, run, folder, settings, open }) => {
            let kind = find(&kind).ok_or_else(|| io::Error::other("an unknown kind"))?;
            let run = RunId::parse(&run).map_err(io::Error::other)?;
            // It knows of no hosts: where it stands on one, this process does as a whole.
            let around = Around { before: open, ..Around::new(run, PathBuf::from(folder)) };
            let make = client::plain(kind.name).ok_or_else(|| io::Error::other("a kind without a client"))?;
            let settings = asked::arguments(settings, kind.all_settings());
            let client = make(&settings, &around).map_err(io::Error::other)?;
            Rc::new(Worker { kind, client, slots: RefCell::default(), told })
        }
        _ => return Err(io::Error::other("nothing to begin with")),
    };
    while let Some(order) = order(&mut orders, &mut line).await? {
        worker.carry_out(order);
    }
    Ok(())
}

async fn order(orders: &mut (impl AsyncBufReadExt + Unpin), line: &mut Vec<u8>) -> io::Result<Option<Order>> {
    line.clear();
    if orders.read_until(b'\n', line).await? == 0 {
        return Ok(None);
    }
    serde_json::from_slice(line).map(Some).map_err(io::Error::other)
}

impl Worker {
    fn carry_out(self: &Rc<Worker>, order: Order) {
        match order {
            Order::Open { id, verb, arguments } => {
                let this = Rc::clone(self);
                self.run(id, async move {
                    let opened = this.open(&verb, arguments).await;
                    let outcome = opened.map(|conversation| {
                        this.give_back(id, conversation);
                        None
                    });
                    this.tell(id, 0, outcome);
                });
            }
            Order::Turn { id, turn } => {
                let this = Rc::clone(self);
                self.run(id, async move { this.turn(id, turn).await });
            }
            Order::Close { id } => {
                let this = Rc::clone(self);
                self.run(id, async move {
                    let Some(mut conversation) = this.take(id) else { return this.tell(id, 0, Err(gone())) };
                    let closed = conversation.close().await;
                    this.slots.borrow_mut().remove(&id);
                    this.tell(id, conversation.bytes(), closed.map(|()| None));
                });
            }
            Order::Drop { id } => {
                let slot = self.slots.borrow_mut().remove(&id);
                if let Some(task) = slot.and_then(|slot| slot.task) {
                    task.abort();
                }
            }
            Order::Begin { .. } => {}
        }
    }

    fn run(&self, id: Id, what: impl Future<Output = ()> + 'static) {
        let task = spawn_local(what).abort_handle();
        self.slots.borrow_mut().entry(id).or_default().task = Some(task);
    }

    async fn open(
        &self,
        verb: &str,
        arguments: Vec<super::message::Given>,
    ) -> Result<Box<dyn Conversation>, RequestError> {
        let verb = self.kind.verb(verb).ok_or_else(gone)?;
        let call = Call { verb: verb.name, arguments: asked::arguments(arguments, verb.parameters.iter()) };
        self.client.converse(0, &call).await
    }

    async fn turn(&self, id: Id, turn: Turn) {
        let Some(mut conversation) = self.take(id) else { return self.tell(id, 0, Err(gone())) };
        let taken = conversation.turn(&turn).await;
        let bytes = conversation.bytes();
        if taken.is_ok() {
            self.give_back(id, conversation);
        }
        self.tell(id, bytes, taken.map(|body| body.map(message)));
    }

    fn take(&self, id: Id) -> Option<Box<dyn Conversation>> {
        self.slots.borrow_mut().get_mut(&id)?.conversation.take()
    }

    fn give_back(&self, id: Id, conversation: Box<dyn Conversation>) {
        if let Some(slot) = self.slots.borrow_mut().get_mut(&id) {
            slot.conversation = Some(conversation);
        }
    }

    fn tell(&self, id: Id, bytes: u64, outcome: Result<Option<Message>, RequestError>) {
        let outcome = outcome.map_err(|error| error.to_string());
        // Nobody left to be told: the socket's other end has gone, and this process with it.
        let _ = self.told.send(Told { id, bytes, outcome });
    }
}

fn message(body: Bytes) -> Message {
    match String::from_utf8(body.into()) {
        Ok(text) => Message::Text(text),
        Err(other) => Message::Binary(other.into_bytes()),
    }
}

/// Asked of a conversation that is not open, which the run does not do.
fn gone() -> RequestError {
    request::RequestError::Failed("the conversation is not open".into())
}
