//! One connection's requests and answers: what becomes of each byte. No socket and no clock is here.

mod answers;
mod own;
mod requests;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bytes::BytesMut;

use self::answers::Down;
use self::own::Own;
pub(super) use self::requests::Admitted;
use self::requests::Up;
use super::body::Body;
use super::disturbance::Disturbance;
use super::head::Method;
use super::tally::Http;

/// So many requests of one connection may wait for their answers; then no more are taken from its client.
pub const MOST_PENDING: usize = 256;
/// What is on its way to the server waits here up to this length, in bytes; then no more is taken from the client.
const ROOM: usize = 64 << 10;

/// How the link itself ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Closing {
    /// In good order, once everything has come through.
    End,
    /// With a reset, for an end in good order would look like that of the answer.
    Reset,
}

/// A request that is to be answered.
#[derive(Debug)]
enum Pending {
    /// By the server.
    Passed(Method),
    /// By the link.
    Own(Own),
}

/// A connection of HTTP/1.1 that goes through the link.
#[derive(Debug)]
pub(super) struct Exchange {
    http: Arc<Http>,
    up: Up,
    down: Down,
    /// The oldest request is at the front.
    pending: VecDeque<Pending>,
    /// What is to be written to the server before anything else.
    pub to_server: BytesMut,
    /// What is to be read by the client before anything else.
    pub to_client: BytesMut,
    /// The client will send nothing more.
    client_ended: bool,
    /// The server will send nothing more.
    pub server_ended: bool,
    closing: Option<Closing>,
    /// Something came that is no HTTP/1.1.
    foreign: bool,
}

impl Exchange {
    pub fn new(http: Arc<Http>) -> Exchange {
        Exchange {
            http,
            up: Up::fresh(),
            down: Down::Between,
            pending: VecDeque::new(),
            to_server: BytesMut::new(),
            to_client: BytesMut::new(),
            client_ended: false,
            server_ended: false,
            closing: None,
            foreign: false,
        }
    }

    /// How the connection is to be ended, once everything in `to_client` is through.
    pub fn closing(&self) -> Option<Closing> {
        self.closing
    }

    /// The client will send nothing more. What came of a request goes on as it is.
    pub fn end_client(&mut self) {
        self.client_ended = true;
        if let Up::Head { head, passed } = &mut self.up {
            if !*passed {
                self.to_server.extend_from_slice(&head.bytes);
            }
            *passed = true;
        }
    }

    /// Whether the server is to be told now that nothing more comes.
    pub fn ends_up(&self) -> bool {
        self.client_ended && self.to_server.is_empty() && !matches!(self.up, Up::Held { .. })
    }

    /// Whether the end of what the server sends must not be told yet, as an answer of the link's own stands before it.
    pub fn withholds_end(&self) -> bool {
        let is_own = matches!(self.pending.front(), Some(Pending::Own(_)));
        is_own && matches!(self.down, Down::Between) && !self.client_ended && self.closing.is_none()
    }

    /// Something came that is no HTTP/1.1.
    fn become_foreign(&mut self) {
        if !self.foreign {
            self.foreign = true;
            Http::count(&self.http.foreign);
            Http::count(&self.http.foreign_open);
        }
    }

    /// From now on everything passes as it is: what comes is no HTTP/1.1 any more.
    fn become_plain(&mut self) {
        let up = std::mem::replace(&mut self.up, Up::Plain);
        match up {
            Up::Head { head, passed: false } => self.to_server.extend_from_slice(&head.bytes),
            Up::Held { head, .. } => {
                self.http.holding.fetch_sub(1, Ordering::Relaxed);
                self.to_server.extend_from_slice(&head.bytes);
            }
            // The server has no beginning of it.
            Up::Swallow(_) => self.up = Up::Swallow(Body::UntilClose),
            Up::Head { .. } | Up::Body(_) | Up::Plain => {}
        }
        self.down = Down::Plain;
        self.pending.clear();
    }

    /// Puts an answer of the link's own where it is its turn. Says whether there was one.
    pub fn take_turns(&mut self) -> bool {
        let before = self.to_client.len();
        while matches!(self.down, Down::Between) && self.closing.is_none() {
            let Some(Pending::Own(own)) = self.pending.front_mut() else { break };
            if !own.is_ready() {
                own.go_on(&mut self.to_client);
                break;
            }
            own.write(&mut self.to_client);
            Http::count(&self.http.answered);
            if own.closes() {
                self.closing = Some(Closing::End);
            }
            self.pending.pop_front();
        }
        self.to_client.len() > before
    }

    /// When the request that is held back may go on at the latest, where one is.
    pub fn held_until(&self, disturbance: &Disturbance) -> Option<Instant> {
        match &self.up {
            Up::Held { request, since, .. } => {
                let delay = disturbance.delay.as_ref().filter(|_| request.on_route);
                Some(delay.and_then(|delay| since.checked_add(delay.time)).unwrap_or(*since))
            }
            _ => None,
        }
    }

    /// Whether bytes of the client can be taken now: `false` where they are to be written to the server first, nothing
    /// where they cannot.
    pub fn takes_bytes(&self) -> Option<bool> {
        match &self.up {
            _ if self.to_server.len() >= ROOM => None,
            Up::Held { .. } => None,
            Up::Head { .. } if self.is_full() => None,
            Up::Head { .. } | Up::Swallow(_) => Some(true),
            Up::Body(_) | Up::Plain => Some(false),
        }
    }

    /// Whether nothing more is taken from the client until an answer has come.
    pub fn is_full(&self) -> bool {
        self.pending.len() >= MOST_PENDING
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if matches!(self.up, Up::Held { .. }) {
            self.http.holding.fetch_sub(1, Ordering::Relaxed);
        }
        if self.foreign {
            self.http.foreign_open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
