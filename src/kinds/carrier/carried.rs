//! The run's side: which conversations this process holds itself, and which others hold for it.

use super::asked;
use super::message::{Id, Order, Told, write_out};
use super::{SPARE, SUBCOMMAND};
use crate::kinds::client::Around;
use crate::kinds::request::{Answer, Conversation, Listening, RequestError, Requester};
use crate::kinds::undo::MARK_RUN;
use crate::lang::call::{Arguments, Call, Turn};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use nix::sys::resource::{Resource, getrlimit};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;

/// More carriers than this one target does not get.
const MOST_CARRIERS: usize = 64;

/// A client whose conversations may be more than this process can hold.
pub struct Carried {
    own: Rc<dyn Requester>,
    /// How many this process holds, and may hold.
    held: Rc<Cell<u64>>,
    room: u64,
    carriers: RefCell<Vec<Rc<Carrier>>>,
    kind: &'static str,
    settings: Arguments,
    around: Around,
}

/// A client that has carriers hold what this process cannot.
pub fn carried(
    kind: &'static str,
    own: Rc<dyn Requester>,
    settings: &Arguments,
    around: &Around,
) -> Rc<dyn Requester> {
    // The rest of a run needs descriptors too: for processes, links, files and other targets.
    let room = descriptors(false) / 4 * 3;
    Rc::new(Carried {
        own,
        held: Rc::default(),
        room: room.saturating_sub(SPARE),
        carriers: RefCell::default(),
        kind,
        settings: settings.clone(),
        around: around.clone(),
    })
}

/// How many descriptors this process may have, or one that asks for the most there may be.
fn descriptors(most: bool) -> u64 {
    let limits = getrlimit(Resource::RLIMIT_NOFILE);
    limits.map_or(1024, |(now, hard)| if most { hard } else { now })
}

impl Carried {
    /// A carrier that has room, started where none has.
    fn carrier(&self) -> Result<Rc<Carrier>, RequestError> {
        let mut carriers = self.carriers.borrow_mut();
        carriers.retain(|carrier| carrier.lives.get());
        if let Some(carrier) = carriers.iter().find(|carrier| carrier.has_room()) {
            return Ok(Rc::clone(carrier));
        }
        if carriers.len() >= MOST_CARRIERS {
            return Err(RequestError::Exhausted);
        }
        let before = self.room + carriers.iter().map(|carrier| carrier.room).sum::<u64>();
        let carrier = Carrier::start(self, before).map_err(|_| RequestError::Exhausted)?;
        carriers.push(Rc::clone(&carrier));
        Ok(carrier)
    }
}

impl Requester for Carried {
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        self.own.request(user, call)
    }

    fn converse<'a>(
        &'a self,
        user: u64,
        call: &'a Call,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Conversation>, RequestError>> {
        if self.held.get() >= self.room {
            return Box::pin(async move {
                let elsewhere = Elsewhere::open(self.carrier()?, call, &self.around.open).await?;
                Ok(Box::new(elsewhere) as Box<dyn Conversation>)
            });
        }
        let held = Held::new(&self.held);
        Box::pin(async move {
            let conversation = self.own.converse(user, call).await?;
            Ok(Box::new(Here { conversation, _held: held }) as Box<dyn Conversation>)
        })
    }

    /// Always in this process: there are few of them.
    fn listen<'a>(&'a self, topic: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn Listening>, RequestError>> {
        self.own.listen(topic)
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        self.own.warm_up(users)
    }

    fn release(&self, users: RangeInclusive<u64>) {
        self.own.release(users);
    }
}

/// Counts one while it lives.
struct Held(Rc<Cell<u64>>);

impl Held {
    fn new(count: &Rc<Cell<u64>>) -> Held {
        count.set(count.get() + 1);
        Held(Rc::clone(count))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A conversation of this process.
struct Here {
    conversation: Box<dyn Conversation>,
    _held: Held,
}

impl Conversation for Here {
    fn turn<'a>(&'a mut self, turn: &'a Turn) -> LocalBoxFuture<'a, Result<Option<Bytes>, RequestError>> {
        self.conversation.turn(turn)
    }

    fn close(&mut self) -> LocalBoxFuture<'_, Result<(), RequestError>> {
        self.conversation.close()
    }

    fn bytes(&self) -> u64 {
        self.conversation.bytes()
    }
}

/// A process that holds conversations. It ends with this.
struct Carrier {
    orders: mpsc::UnboundedSender<Order>,
    waiting: RefCell<HashMap<Id, oneshot::Sender<Told>>>,
    next: Cell<Id>,
    held: Rc<Cell<u64>>,
    room: u64,
    lives: Cell<bool>,
    process: RefCell<Child>,
}

impl Carrier {
    fn start(of: &Carried, open: u64) -> io::Result<Rc<Carrier>> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("soak")
            .arg(SUBCOMMAND)
            // It ends with its socket. Where it cannot, whoever undoes the run finds it by this.
            .env(MARK_RUN, of.around.run.as_str())
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(place) = of.around.place(&of.settings) {
            let entrance = place.entrance(Path::new("/"))?;
            // SAFETY: entering namespaces allocates nothing and takes no lock.
            unsafe { command.pre_exec(entrance) };
        }
        let process = command.spawn()?;
        let (reader, writer) = UnixStream::from_std(ours)?.into_split();
        let (orders, outbox) = mpsc::unbounded_channel::<Order>();
        spawn_local(write_out(outbox, writer));
        let carrier = Rc::new(Carrier {
            orders,
            waiting: RefCell::default(),
            next: Cell::new(0),
            held: Rc::default(),
            room: descriptors(true).saturating_sub(SPARE),
            lives: Cell::new(true),
            process: RefCell::new(process),
        });
        carrier.say(Order::Begin {
            kind: of.kind.into(),
            run: of.around.run.as_str().into(),
            folder: of.around.folder.display().to_string(),
            settings: asked::given(&of.settings),
            open,
        });
        spawn_local(listen(Rc::downgrade(&carrier), reader));
        Ok(carrier)
    }

    fn has_room(&self) -> bool {
        self.held.get() < self.room
    }

    fn say(&self, order: Order) {
        // One that has ended answers nothing, which is told to whoever waits.
        let _ = self.orders.send(order);
    }

    /// Tells the carrier something about a conversation and waits for its answer.
    async fn ask(&self, id: Id, order: Order) -> Result<Told, RequestError> {
        let ended = || RequestError::Failed("a process that held connections for soak ended".into());
        if !self.lives.get() {
            return Err(ended());
        }
        let (answer, waiting) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, answer);
        self.say(order);
        waiting.await.map_err(|_| ended())
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // Its socket closes with this, and it would end by itself; nothing that it holds outlives the load.
        let process = self.process.get_mut();
        let _ = process.kill();
        let _ = process.wait();
    }
}

async fn listen(carrier: std::rc::Weak<Carrier>, reader: OwnedReadHalf) {
    let mut answers = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = answers.read_until(b'\n', &mut line).await;
        let Some(carrier) = carrier.upgrade() else { return };
        let told = read.ok().filter(|length| *length > 0).and_then(|_| serde_json::from_slice(&line).ok());
        let Some(told): Option<Told> = told else {
            carrier.lives.set(false);
            carrier.waiting.borrow_mut().clear();
            return;
        };
        let waiting = carrier.waiting.borrow_mut().remove(&told.id);
        // One that was cut meanwhile wants no answer.
        let _ = waiting.map(|waiting| waiting.send(told));
    }
}

/// A conversation that a carrier holds.
struct Elsewhere {
    carrier: Rc<Carrier>,
    id: Id,
    bytes: u64,
    _held: Held,
    open: Option<Arc<AtomicU64>>,
}

impl Elsewhere {
    async fn open(
        carrier: Rc<Carrier>,
        call: &Call,
        open: &Arc<AtomicU64>,
    ) -> Result<Elsewhere, RequestError> {
        let id = carrier.next.get();
        carrier.next.set(id + 1);
        let held = Held::new(&carrier.held);
        let mut elsewhere = Elsewhere { carrier, id, bytes: 0, _held: held, open: None };
        let arguments = asked::given(&call.arguments);
        elsewhere.ask(Order::Open { id, verb: call.verb.into(), arguments }).await?;
        open.fetch_add(1, Ordering::Relaxed);
        elsewhere.open = Some(Arc::clone(open));
        Ok(elsewhere)
    }

    async fn ask(&mut self, order: Order) -> Result<Option<Bytes>, RequestError> {
        let told = self.carrier.ask(self.id, order).await?;
        self.bytes = told.bytes;
        let body = told.outcome.map_err(RequestError::Failed)?;
        Ok(body.map(|body| Bytes::copy_from_slice(body.as_bytes())))
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.carrier.waiting.borrow_mut().remove(&self.id);
        self.carrier.say(Order::Drop { id: self.id });
        if let Some(open) = &self.open {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Conversation for Elsewhere {
    fn turn<'a>(&'a mut self, turn: &'a Turn) -> LocalBoxFuture<'a, Result<Option<Bytes>, RequestError>> {
        let order = Order::Turn { id: self.id, turn: turn.clone() };
        Box::pin(self.ask(order))
    }

    fn close(&mut self) -> LocalBoxFuture<'_, Result<(), RequestError>> {
        let order = Order::Close { id: self.id };
        Box::pin(async move { self.ask(order).await.map(drop) })
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}
