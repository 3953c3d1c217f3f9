//! The virtual network of a run, from the run's side: it starts the helper, talks to it, and ends it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use tokio::io::AsyncBufReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, spawn_local};

use super::SUBCOMMAND;
use super::error::NetworkError;
use super::hosts::Hosts;
use super::message::{LinkOrder, LinkOutcome, Order, Plan, Told};
use crate::kinds::link::emulator::{Condition, Counters};
use crate::kinds::undo::{Applied, Identity, MARK_RUN, Recorder, RunId, StartedTree, Tree, Undo};

/// How long the network may take to be there.
const BEGIN_WITHIN: Duration = Duration::from_secs(30);
/// How long an order may take to be carried out.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the helper may take to end by itself.
const END_WITHIN: Duration = Duration::from_secs(2);
/// Between two looks whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A virtual network that is there. Dropping it takes it away.
pub struct Network {
    hosts: Arc<Hosts>,
    lacks: Vec<String>,
    orders: OwnedWriteHalf,
    waiting: RefCell<HashMap<u64, oneshot::Sender<LinkOutcome>>>,
    next: Cell<u64>,
    listener: RefCell<Option<AbortHandle>>,
    /// Kills the helper where it has not ended, and settles what the journal has of it.
    _helper: Helper,
}

/// The helper process.
struct Helper {
    child: Child,
    applied: Option<Applied>,
}

impl Network {
    /// Makes a network. Must be called within a `LocalSet`; it blocks until the network is there, which takes some
    /// milliseconds.
    ///
    /// # Errors
    /// When this machine forbids it, or the journal cannot be written. Nothing is left then.
    pub fn begin(plan: Plan, run: &RunId, recorder: &Arc<dyn Recorder>) -> Result<Rc<Network>, NetworkError> {
        let start = |reason| NetworkError::Start { reason };
        let (ours, theirs) = StdUnixStream::pair().map_err(start)?;
        let (channel, their_channel) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
                .map_err(|error| start(error.into()))?;
        let child = Command::new("/proc/self/exe")
            .arg0("soak")
            .arg(SUBCOMMAND)
            .env(MARK_RUN, run.as_str())
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(their_channel))
            .stderr(Stdio::null())
            .spawn()
            .map_err(start)?;
        let mut helper = Helper { child, applied: None };
        let root = i32::try_from(helper.child.id()).ok().and_then(Identity::of);
        let root = root.ok_or_else(|| start(io::ErrorKind::NotFound.into()))?;
        let tree = Tree { root, leads_session: false, marker: None };
        // It makes nothing before it is told to, which comes behind this.
        let undo = Undo::Started(StartedTree { name: "virtual network".into(), tree });
        helper.applied = Some(Applied::record(recorder, undo)?);
        let list = plan.hosts.clone();
        let lacks = begun(&ours, plan)?;
        let hosts = Hosts::open(channel, list).map_err(start)?;
        ours.set_read_timeout(None).and_then(|()| ours.set_nonblocking(true)).map_err(start)?;
        let (answers, orders) = UnixStream::from_std(ours).map_err(start)?.into_split();
        let network = Rc::new(Network {
            hosts: Arc::new(hosts),
            lacks,
            orders,
            waiting: RefCell::default(),
            next: Cell::new(0),
            listener: RefCell::default(),
            _helper: helper,
        });
        let listener = spawn_local(listen(Rc::downgrade(&network), answers)).abort_handle();
        *network.listener.borrow_mut() = Some(listener);
        Ok(network)
    }

    /// The hosts.
    pub fn hosts(&self) -> &Arc<Hosts> {
        &self.hosts
    }

    /// What could not be had and can be done without, in sentences.
    pub fn lacks(&self) -> &[String] {
        &self.lacks
    }

    /// Puts a link into a condition. The order is on its way when this returns; the future says when it is carried out.
    ///
    /// # Errors
    /// When the helper has ended or does not answer.
    pub fn set(
        &self,
        link: usize,
        condition: Condition,
    ) -> impl Future<Output = Result<(), NetworkError>> + use<> {
        let waiting = self.ask(link, LinkOrder::Set(condition));
        async { answer(waiting, PATIENCE).await.map(drop) }
    }

    /// What a link has carried.
    ///
    /// # Errors
    /// As [`Network::set`].
    pub fn counters(&self, link: usize) -> impl Future<Output = Result<Counters, NetworkError>> + use<> {
        let waiting = self.ask(link, LinkOrder::Count);
        async {
            match answer(waiting, PATIENCE).await? {
                LinkOutcome::Counted(counters) => Ok(*counters),
                _ => Err(NetworkError::NoAnswer),
            }
        }
    }

    /// Ends a share of the TCP connections that go over a link, and says how many.
    ///
    /// # Errors
    /// As [`Network::set`].
    pub fn end(&self, link: usize, share: f64) -> impl Future<Output = Result<usize, NetworkError>> + use<> {
        let waiting = self.ask(link, LinkOrder::End(share));
        async {
            match answer(waiting, PATIENCE).await? {
                LinkOutcome::Ended(count) => Ok(count),
                _ => Err(NetworkError::NoAnswer),
            }
        }
    }

    /// The time that something takes there and back through a link; nothing where it did not come back in time.
    pub fn probe(&self, link: usize, patience: Duration) -> impl Future<Output = Option<Duration>> + use<> {
        let waiting = self.ask(link, LinkOrder::Probe);
        async move {
            match answer(waiting, patience).await {
                Ok(LinkOutcome::Probed(took)) => Some(took),
                _ => None,
            }
        }
    }

    fn ask(&self, link: usize, what: LinkOrder) -> Result<oneshot::Receiver<LinkOutcome>, NetworkError> {
        let id = self.next.get();
        self.next.set(id + 1);
        let (sender, waiting) = oneshot::channel();
        let mut line = serde_json::to_vec(&Order::Link { id, link, what })
            .map_err(|reason| NetworkError::Start { reason: reason.into() })?;
        line.push(b'\n');
        let mut list = self.waiting.borrow_mut();
        // Those whose answers nobody waits for any more.
        list.retain(|_, sender| !sender.is_closed());
        // There is room for thousands of orders, and each is taken at once.
        match self.orders.try_write(&line) {
            Ok(length) if length == line.len() => {
                list.insert(id, sender);
                Ok(waiting)
            }
            _ => Err(NetworkError::Ended),
        }
    }
}

async fn answer(
    waiting: Result<oneshot::Receiver<LinkOutcome>, NetworkError>,
    patience: Duration,
) -> Result<LinkOutcome, NetworkError> {
    match tokio::time::timeout(patience, waiting?).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(_)) => Err(NetworkError::Ended),
        Err(_) => Err(NetworkError::NoAnswer),
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.get_mut().take() {
            listener.abort();
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // The sockets close around this time, with which it ends by itself; what it holds is gone when it is.
        let _ = self.child.kill();
        let deadline = Instant::now() + END_WITHIN;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                self.applied.take().map(Applied::settle);
                return;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        self.applied.take().map(Applied::leave_to_journal);
    }
}

/// Has the network made, and waits for it.
fn begun(stream: &StdUnixStream, plan: Plan) -> Result<Vec<String>, NetworkError> {
    let no_answer = |_| NetworkError::NoAnswer;
    stream.set_read_timeout(Some(BEGIN_WITHIN)).map_err(no_answer)?;
    let mut line = serde_json::to_vec(&Order::Begin(plan)).map_err(|_| NetworkError::NoAnswer)?;
    line.push(b'\n');
    let copy = stream.as_fd().try_clone_to_owned().map_err(no_answer)?;
    let mut copy = StdUnixStream::from(copy);
    copy.write_all(&line).map_err(no_answer)?;
    let mut said = String::new();
    // It says nothing more before it is asked.
    BufReader::new(copy).read_line(&mut said).map_err(no_answer)?;
    match serde_json::from_str(&said) {
        Ok(Told::Begun { lacks }) => Ok(lacks),
        Ok(Told::Failed(sentence)) => Err(NetworkError::Told(sentence)),
        _ => Err(NetworkError::NoAnswer),
    }
}

async fn listen(network: Weak<Network>, reader: OwnedReadHalf) {
    let mut answers = tokio::io::BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = answers.read_until(b'\n', &mut line).await;
        let Some(network) = network.upgrade() else { return };
        let told = read.ok().filter(|length| *length > 0).and_then(|_| serde_json::from_slice(&line).ok());
        match told {
            Some(Told::Done { id, outcome }) => {
                let waiting = network.waiting.borrow_mut().remove(&id);
                // One that waits no longer wants no answer.
                let _ = waiting.map(|waiting| waiting.send(outcome));
            }
            Some(_) => {}
            None => return network.waiting.borrow_mut().clear(),
        }
    }
}
