//! The connections of one HTTP client: each carries one request at a time and is kept for the next one.
//!
//! A request that finds none idle waits for whichever comes first: a new connection, or one that another request
//! gives back. So a server that stops accepting for a moment binds no request to a connection that the kernel has
//! yet to open, and what waited is sent over the old ones once it goes on.

use super::connection::Connection;
use super::transport::Transport;
use crate::kinds::request::RequestError;
use crate::kinds::stream::Endpoint;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::spawn_local;

/// Idle connections beyond this are closed.
pub(super) const MAX_IDLE: usize = 10_000;
/// So many connections are being opened at once; the queue of a server that listens is rarely longer.
const MAX_CONNECTING: usize = 512;
/// How often connections that nobody needs are looked at, so that those the other end has closed are let go.
const SWEEP: Duration = Duration::from_secs(1);

/// The connections to one host and port.
#[derive(Clone)]
pub(super) struct Connections {
    shared: Rc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    timeout: Duration,
    pool: RefCell<Pool>,
    /// Connections that there are.
    open: Rc<Cell<usize>>,
}

#[derive(Default)]
struct Pool {
    /// The last one given back is used first, so that those a smaller load does not need grow old and are closed.
    idle: Vec<Connection>,
    /// Requests in the order they came. One that was given up is passed over.
    waiting: VecDeque<oneshot::Sender<Result<Connection, RequestError>>>,
    connecting: usize,
    /// Whether there is a task that looks after the idle ones.
    swept: bool,
}

impl Connections {
    /// None yet; each may take `timeout` to be opened.
    pub fn new(endpoint: Endpoint, timeout: Duration) -> Connections {
        let shared = Shared { endpoint, timeout, pool: RefCell::default(), open: Rc::default() };
        Connections { shared: Rc::new(shared) }
    }

    /// A connection that nobody uses: one that has carried a request before, or a new one.
    pub async fn take(&self) -> Result<Connection, RequestError> {
        loop {
            let Some(mut kept) = self.shared.pool.borrow_mut().idle.pop() else { break };
            // One that the other end has closed is let go.
            if kept.is_open() {
                return Ok(kept);
            }
        }
        let (sender, receiver) = oneshot::channel();
        self.shared.pool.borrow_mut().waiting.push_back(sender);
        self.connect_for_waiting();
        receiver.await.unwrap_or(Err(RequestError::Closed))
    }

    /// Opens connections until so many are idle. One that cannot be opened now is told by the request that needs it.
    pub async fn warm_up(&self, wanted: usize) {
        let idle = self.shared.pool.borrow().idle.len();
        let mut missing = wanted.min(MAX_IDLE).saturating_sub(idle);
        while missing > 0 {
            let together = missing.min(MAX_CONNECTING);
            missing -= together;
            let opened = futures_util::future::join_all((0..together).map(|_| self.shared.connect())).await;
            opened.into_iter().flatten().for_each(|connection| self.give(connection));
        }
    }

    /// Gives a connection to whoever waits, or keeps it.
    pub fn give(&self, mut connection: Connection) {
        let mut pool = self.shared.pool.borrow_mut();
        while let Some(waiting) = pool.waiting.pop_front() {
            match waiting.send(Ok(connection)) {
                Ok(()) => return,
                Err(Ok(unclaimed)) => connection = unclaimed,
                Err(Err(_)) => return,
            }
        }
        if pool.idle.len() < MAX_IDLE {
            pool.idle.push(connection);
        }
        if !std::mem::replace(&mut pool.swept, true) {
            self.sweep();
        }
    }

    /// Lets go of idle connections that the other end has closed, for as long as there are idle ones.
    fn sweep(&self) {
        let shared = Rc::downgrade(&self.shared);
        spawn_local(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let Some(shared) = shared.upgrade() else { return };
                let mut pool = shared.pool.borrow_mut();
                pool.idle.retain_mut(Connection::is_open);
                if pool.idle.is_empty() {
                    pool.swept = false;
                    return;
                }
            }
        });
    }

    fn refuse(&self, mut error: RequestError) {
        let mut pool = self.shared.pool.borrow_mut();
        while let Some(waiting) = pool.waiting.pop_front() {
            match waiting.send(Err(error)) {
                Err(Err(unheard)) => error = unheard,
                _ => return,
            }
        }
    }

    /// Opens as many connections as requests wait, within the limit.
    fn connect_for_waiting(&self) {
        loop {
            let mut pool = self.shared.pool.borrow_mut();
            while pool.waiting.front().is_some_and(oneshot::Sender::is_closed) {
                pool.waiting.pop_front();
            }
            if pool.connecting >= pool.waiting.len().min(MAX_CONNECTING) {
                return;
            }
            pool.connecting += 1;
            drop(pool);
            let this = self.clone();
            spawn_local(async move {
                let made = this.shared.connect().await;
                this.shared.pool.borrow_mut().connecting -= 1;
                match made {
                    Ok(connection) => this.give(connection),
                    Err(error) => this.refuse(error),
                }
                this.connect_for_waiting();
            });
        }
    }
}

impl Shared {
    async fn connect(&self) -> Result<Connection, RequestError> {
        let open = self.open.get();
        let transport = Transport::connect(&self.endpoint, self.timeout, open).await?;
        Ok(Connection::new(transport, Rc::clone(&self.open)))
    }
}
