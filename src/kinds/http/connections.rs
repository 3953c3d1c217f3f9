//! The connections of one HTTP client: each carries one request at a time and is kept for the next one.
//!
//! A request that finds none idle waits for whichever comes first: a new connection, or one that another request
//! gives back. So a server that stops accepting for a moment binds no request to a connection that the kernel has
//! yet to open, and what waited is sent over the old ones once it goes on.

use crate::kinds::request::RequestError;
use crate::kinds::socket::connect_error;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::{spawn_local, yield_now};

/// Idle connections beyond this are closed.
pub(super) const MAX_IDLE: usize = 10_000;
/// So many connections are being opened at once; the queue of a server that listens is rarely longer.
const MAX_CONNECTING: usize = 512;
/// One connection, ready for a request.
pub(super) type Connection = SendRequest<Full<Bytes>>;

/// The connections to one host and port.
#[derive(Clone)]
pub(super) struct Connections {
    shared: Rc<Shared>,
}

struct Shared {
    host: String,
    port: u16,
    timeout: Duration,
    pool: RefCell<Pool>,
}

#[derive(Default)]
struct Pool {
    /// The last one given back is used first, so that those a smaller load does not need grow old and are closed.
    idle: Vec<Connection>,
    /// Requests in the order they came. One that was given up is passed over.
    waiting: VecDeque<oneshot::Sender<Result<Connection, RequestError>>>,
    connecting: usize,
}

impl Connections {
    /// None yet; each may take `timeout` to be opened.
    pub fn new(host: String, port: u16, timeout: Duration) -> Connections {
        Connections { shared: Rc::new(Shared { host, port, timeout, pool: RefCell::default() }) }
    }

    /// A connection, and whether it has carried a request before.
    pub async fn take(&self) -> Result<(Connection, bool), RequestError> {
        loop {
            let kept = self.shared.pool.borrow_mut().idle.pop();
            match kept {
                // One that the other end has closed is let go.
                Some(connection) if !connection.is_ready() => {}
                Some(connection) => return Ok((connection, true)),
                None => break,
            }
        }
        let (sender, receiver) = oneshot::channel();
        self.shared.pool.borrow_mut().waiting.push_back(sender);
        self.connect_for_waiting();
        let given = receiver.await.unwrap_or(Err(RequestError::Closed));
        given.map(|connection| (connection, false))
    }

    /// Gives a connection back after its answer was read to the end.
    pub async fn give_back(&self, connection: Connection) {
        if !connection.is_ready() && !connection.is_closed() {
            // The connection's own task has yet to see that the answer was the whole of it.
            yield_now().await;
        }
        if connection.is_ready() {
            self.give(connection);
        }
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

    fn give(&self, mut connection: Connection) {
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
        let opened = tokio::time::timeout(self.timeout, TcpStream::connect((self.host.as_str(), self.port)));
        let stream = opened
            .await
            .map_err(|_| RequestError::TimedOut(self.timeout))?
            .map_err(|error| connect_error(&error, &self.host))?;
        // Small requests must not wait for more to send.
        let _ = stream.set_nodelay(true);
        let (connection, task) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| RequestError::Closed)?;
        // Its error reaches whoever waits for the answer on it.
        spawn_local(async move {
            let _ = task.await;
        });
        Ok(connection)
    }
}
