//! One HTTP/2 connection, over which many calls are on their way at once.

use super::outgoing::Outgoing;
use crate::kinds::pool::Pooled;
use crate::kinds::request::RequestError;
use crate::kinds::socket::Peer;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::time::Duration;
use tokio::task::spawn_local;

/// Runs what a connection needs on the thread that uses it.
#[derive(Clone)]
struct Here;

impl<F: Future + 'static> Executor<F> for Here {
    fn execute(&self, what: F) {
        spawn_local(async move {
            what.await;
        });
    }
}

/// An open connection.
pub(super) struct Connection {
    requests: SendRequest<Outgoing>,
}

impl Connection {
    /// Opens one.
    pub async fn open(peer: &Peer, timeout: Duration) -> Result<Connection, RequestError> {
        let stream = peer.connect(timeout, 0).await?;
        let opened = http2::handshake(Here, TokioIo::new(stream)).await;
        let (requests, task) = opened.map_err(|_| RequestError::Closed)?;
        // Its error reaches whoever waits for the answer on it.
        spawn_local(async move {
            let _ = task.await;
        });
        Ok(Connection { requests })
    }

    /// For one call.
    pub fn requests(&self) -> SendRequest<Outgoing> {
        self.requests.clone()
    }
}

impl Pooled for Connection {
    fn is_open(&self) -> bool {
        !self.requests.is_closed()
    }
}
