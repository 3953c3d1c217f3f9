//! One HTTP/2 connection, over which many calls are on their way at once.

use super::outgoing::Outgoing;
use crate::kinds::http::client::http_error;
use crate::kinds::pool::Pooled;
use crate::kinds::request::RequestError;
use crate::kinds::stream::Endpoint;
use crate::kinds::tls::{Witness, Witnessed};
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
    witness: Witness,
}

impl Connection {
    /// Opens one.
    pub async fn open(endpoint: &Endpoint, timeout: Duration) -> Result<Connection, RequestError> {
        let stream = endpoint.connect(timeout, 0).await?;
        let (stream, witness) = Witnessed::new(stream);
        let opened = http2::handshake(Here, TokioIo::new(stream)).await;
        let (requests, task) = opened.map_err(|error| told(&error, &witness))?;
        // Its error reaches whoever waits for the answer on it.
        spawn_local(async move {
            let _ = task.await;
        });
        Ok(Connection { requests, witness })
    }

    /// For one call.
    pub fn requests(&self) -> SendRequest<Outgoing> {
        self.requests.clone()
    }

    /// What a failed call is counted as.
    pub fn told(&self, error: &hyper::Error) -> RequestError {
        told(error, &self.witness)
    }
}

fn told(error: &hyper::Error, witness: &Witness) -> RequestError {
    witness.failure().map_or_else(|| http_error(error), RequestError::Tls)
}

impl Pooled for Connection {
    fn is_open(&self) -> bool {
        !self.requests.is_closed()
    }
}
