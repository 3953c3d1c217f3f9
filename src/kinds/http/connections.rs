//! The connections of one HTTP/1.1 client to one place: each carries one request at a time and is kept for the next one.
//!
//! A request that finds none idle waits for whichever comes first: a new connection, or one that another request
//! gives back. So a server that stops accepting for a moment binds no request to a connection that the kernel has
//! yet to open, and what waited is sent over the old ones once it goes on.

use super::body::Desk;
use super::connection::{Connection, Failure, Incoming, Open, Outgoing};
use super::transport::Transport;
use super::way::Way;
use crate::kinds::request::RequestError;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::spawn_local;

/// Idle connections beyond this are closed.
pub(super) const MAX_IDLE: usize = 10_000;
/// So many connections are being opened at once; the queue of a server that listens is rarely longer.
const MAX_CONNECTING: usize = 512;
/// How often connections that nobody needs are looked at, so that those the other end has closed are let go.
const SWEEP: Duration = Duration::from_secs(1);

/// How connections are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keeping {
    /// There are so many at most.
    pub most: usize,
    /// Each user has one of its own.
    pub own: bool,
    /// Whether one carries more than one request.
    pub reuse: bool,
    /// One that nobody has used for so long is closed.
    pub idle: Option<Duration>,
}

/// The connections to one host and port.
#[derive(Clone)]
pub(super) struct Connections {
    shared: Rc<Shared>,
}

struct Shared {
    way: Way,
    timeout: Duration,
    keeping: Keeping,
    pool: RefCell<Pool>,
    /// Connections that there are.
    open: Rc<Open>,
}

#[derive(Default)]
struct Pool {
    /// The last one given back is used first, so that those a smaller load does not need grow old and are closed.
    idle: Vec<Connection>,
    /// Those of users who have their own.
    own: HashMap<u64, Connection>,
    /// Requests in the order they came. One that was given up is passed over.
    waiting: VecDeque<oneshot::Sender<Result<Connection, RequestError>>>,
    connecting: usize,
    /// Whether there is a task that looks after the idle ones.
    swept: bool,
    /// Whether there is a task that opens a connection where one has gone and others wait.
    replaced: bool,
}

impl Connections {
    /// None yet; each may take `timeout` to be opened.
    pub fn new(way: Way, timeout: Duration, keeping: Keeping) -> Connections {
        let shared = Shared { way, timeout, keeping, pool: RefCell::default(), open: Rc::default() };
        Connections { shared: Rc::new(shared) }
    }

    /// Sends a request of a user and reads its answer.
    pub async fn exchange(
        &self,
        user: u64,
        outgoing: Outgoing<'_>,
        desk: &Desk,
    ) -> Result<Incoming, RequestError> {
        loop {
            let mut connection = self.take(user).await?;
            let incoming = match connection.exchange(outgoing, desk).await {
                Ok(incoming) => incoming,
                Err(Failure::Unsent) => continue,
                Err(Failure::Failed(error)) => return Err(error),
            };
            if incoming.reusable {
                self.give(user, connection);
            }
            return Ok(incoming);
        }
    }

    /// A connection that nobody uses: one that has carried a request before, or a new one.
    async fn take(&self, user: u64) -> Result<Connection, RequestError> {
        let keeping = self.shared.keeping;
        loop {
            let mut pool = self.shared.pool.borrow_mut();
            let kept = if keeping.own { pool.own.remove(&user) } else { pool.idle.pop() };
            drop(pool);
            let Some(mut kept) = kept else { break };
            // One that the other end has closed is let go.
            if kept.is_open() && !keeping.is_over(&kept) {
                return Ok(kept);
            }
        }
        let (sender, receiver) = oneshot::channel();
        self.shared.pool.borrow_mut().waiting.push_back(sender);
        self.connect_for_waiting();
        receiver.await.unwrap_or(Err(RequestError::Closed))
    }

    /// Opens connections for users that begin together. One that cannot be opened now is told by the request that
    /// needs it.
    pub async fn warm_up(&self, users: RangeInclusive<u64>) {
        let keeping = self.shared.keeping;
        if !keeping.reuse {
            return;
        }
        let missing: Vec<u64> = {
            let pool = self.shared.pool.borrow();
            let users = users.filter(|user| !pool.own.contains_key(user));
            users.take(keeping.most.min(MAX_IDLE).saturating_sub(pool.idle.len())).collect()
        };
        for together in missing.chunks(MAX_CONNECTING) {
            let opened = together.iter().map(|_| self.shared.connect());
            let opened = futures_util::future::join_all(opened).await;
            for (user, connection) in together.iter().zip(opened) {
                if let Ok(connection) = connection {
                    self.give(*user, connection);
                }
            }
        }
    }

    /// These users ask no more.
    pub fn release(&self, users: &RangeInclusive<u64>) {
        self.shared.pool.borrow_mut().own.retain(|user, _| !users.contains(user));
    }

    /// Takes a connection back from a user.
    fn give(&self, user: u64, mut connection: Connection) {
        let keeping = self.shared.keeping;
        if !keeping.reuse {
            return;
        }
        if keeping.idle.is_some() {
            connection.idle_since = Some(Instant::now());
        }
        if keeping.own {
            let mut pool = self.shared.pool.borrow_mut();
            pool.own.insert(user, connection);
            return self.see_to_sweep(&mut pool);
        }
        let Some(connection) = self.hand_out(connection) else { return };
        let mut pool = self.shared.pool.borrow_mut();
        if pool.idle.len() < MAX_IDLE {
            pool.idle.push(connection);
        }
        self.see_to_sweep(&mut pool);
    }

    /// Gives a connection to whoever waits; back where nobody does.
    fn hand_out(&self, mut connection: Connection) -> Option<Connection> {
        let mut pool = self.shared.pool.borrow_mut();
        while let Some(waiting) = pool.waiting.pop_front() {
            match waiting.send(Ok(connection)) {
                Ok(()) => return None,
                Err(Ok(unclaimed)) => connection = unclaimed,
                Err(Err(_)) => return None,
            }
        }
        Some(connection)
    }

    /// Lets go of idle connections that the other end has closed, or that are idle for too long, for as long as there
    /// are idle ones.
    fn see_to_sweep(&self, pool: &mut Pool) {
        if std::mem::replace(&mut pool.swept, true) {
            return;
        }
        let shared = Rc::downgrade(&self.shared);
        spawn_local(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let Some(shared) = shared.upgrade() else { return };
                let mut pool = shared.pool.borrow_mut();
                let mut keep = |kept: &mut Connection| kept.is_open() && !shared.keeping.is_over(kept);
                pool.idle.retain_mut(&mut keep);
                pool.own.retain(|_, kept| keep(kept));
                if pool.idle.is_empty() && pool.own.is_empty() {
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

    /// Opens as many connections as requests wait, within the limits.
    fn connect_for_waiting(&self) {
        loop {
            let mut pool = self.shared.pool.borrow_mut();
            while pool.waiting.front().is_some_and(oneshot::Sender::is_closed) {
                pool.waiting.pop_front();
            }
            if pool.connecting >= pool.waiting.len().min(MAX_CONNECTING) {
                return;
            }
            if self.shared.open.count() + pool.connecting >= self.shared.keeping.most {
                return self.see_to_replacing(&mut pool);
            }
            pool.connecting += 1;
            drop(pool);
            let this = self.clone();
            spawn_local(async move {
                let made = this.shared.connect().await;
                this.shared.pool.borrow_mut().connecting -= 1;
                match made {
                    Ok(connection) => this.keep_new(connection),
                    Err(error) => this.refuse(error),
                }
                this.connect_for_waiting();
            });
        }
    }

    /// A new connection is for whoever waits. Where that is nobody any more, the next one finds it.
    fn keep_new(&self, connection: Connection) {
        let Some(connection) = self.hand_out(connection) else { return };
        if !self.shared.keeping.own {
            self.give(0, connection);
        }
    }

    /// Where there may be no more connections, one that ends makes room for whoever waits. It may end with a request
    /// that is cut, from where nothing can be begun.
    fn see_to_replacing(&self, pool: &mut Pool) {
        if std::mem::replace(&mut pool.replaced, true) {
            return;
        }
        let (shared, open) = (Rc::downgrade(&self.shared), Rc::clone(&self.shared.open));
        spawn_local(async move {
            loop {
                open.one_less().await;
                let Some(shared) = shared.upgrade() else { return };
                Connections { shared }.connect_for_waiting();
            }
        });
    }
}

impl Keeping {
    fn is_over(&self, kept: &Connection) -> bool {
        let over = |idle| kept.idle_since.is_some_and(|since| since.elapsed() >= idle);
        self.idle.is_some_and(over)
    }
}

impl Shared {
    async fn connect(&self) -> Result<Connection, RequestError> {
        let stream = self.way.open(self.timeout, self.open.count()).await?;
        Ok(Connection::new(Transport::new(stream), Rc::clone(&self.open)))
    }
}
