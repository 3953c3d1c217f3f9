//! The virtual network of a run, from the run's side: it starts the helper, talks to it, and ends it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use tokio::io::AsyncBufReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};
use tokio::task::{AbortHandle, spawn_local};

use super::SUBCOMMAND;
use super::error::NetworkError;
use super::hosts::Hosts;
use super::message::{LinkOrder, LinkOutcome, Order, Plan, Told};
use crate::kinds::helper::{self, Helper, HelperError};
use crate::kinds::link::emulator::{Condition, Counters};
use crate::kinds::undo::{Recorder, RunId};

/// How long the network may take to be there.
const BEGIN_WITHIN: Duration = Duration::from_secs(30);
/// How long an order may take to be carried out.
const PATIENCE: Duration = Duration::from_secs(5);
/// A virtual network that is there. Dropping it takes it away.
pub struct Network {
    hosts: Arc<Hosts>,
    lacks: Vec<String>,
    orders: OwnedWriteHalf,
    waiting: RefCell<HashMap<u64, oneshot::Sender<LinkOutcome>>>,
    next: Cell<u64>,
    gone: Rc<Notify>,
    listener: RefCell<Option<AbortHandle>>,
    /// Kills the helper where it has not ended, and settles what the journal has of it.
    _helper: Helper,
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
        let stdio = [Stdio::from(OwnedFd::from(theirs)), Stdio::from(their_channel), Stdio::null()];
        let helper = Helper::start((SUBCOMMAND, "virtual network"), (run, recorder), stdio);
        let helper = helper.map_err(|error| match error {
            HelperError::Start(reason) => start(reason),
            HelperError::Journal(error) => error.into(),
        })?;
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
            gone: Rc::default(),
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

    /// Told once, where the helper ends before it is to.
    pub fn gone(&self) -> Rc<Notify> {
        Rc::clone(&self.gone)
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
        let line =
            helper::line(&Order::Link { id, link, what }).map_err(|reason| NetworkError::Start { reason })?;
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

/// Has the network made, and waits for it.
fn begun(stream: &StdUnixStream, plan: Plan) -> Result<Vec<String>, NetworkError> {
    let no_answer = |_| NetworkError::NoAnswer;
    stream.set_read_timeout(Some(BEGIN_WITHIN)).map_err(no_answer)?;
    let line = helper::line(&Order::Begin(plan)).map_err(no_answer)?;
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
            None => {
                network.waiting.borrow_mut().clear();
                return network.gone.notify_one();
            }
        }
    }
}
