//! What comes from the client.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::super::body::Body;
use super::super::disturbance::Disturbance;
use super::super::head::{Gathered, Request};
use super::super::tally::Http;
use super::own::Own;
use super::{Exchange, Pending, ROOM};

/// Where in a request the client is.
#[derive(Debug)]
pub(super) enum Up {
    /// In its head; `passed` says that what has come of it is on its way already.
    Head { head: Gathered, passed: bool },
    /// Behind a head that is held back.
    Held { head: Gathered, request: Request, since: Instant },
    /// In the body of a request that passes.
    Body(Body),
    /// In the body of one that the link answers.
    Swallow(Body),
    /// Beyond HTTP.
    Plain,
}

impl Up {
    pub fn fresh() -> Up {
        Up::Head { head: Gathered::default(), passed: false }
    }
}

/// What becomes of bytes of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Admitted {
    /// So many were taken in.
    Taken(usize),
    /// So many are to be written to the server as they are, behind what is in `to_server`; what was written is told by
    /// [`Exchange::pass`].
    Passing(usize),
    /// None can be taken now.
    Blocked,
}

impl Exchange {
    /// Takes in bytes of the client.
    pub fn admit(&mut self, input: &[u8], disturbance: &Disturbance, now: Instant) -> Admitted {
        if self.to_server.len() >= ROOM {
            return Admitted::Blocked;
        }
        let is_full = self.is_full();
        match &mut self.up {
            Up::Plain => Admitted::Passing(input.len()),
            Up::Held { .. } => Admitted::Blocked,
            Up::Body(body) => match { *body }.advance(input) {
                Ok(count) => Admitted::Passing(count),
                Err(_) => {
                    self.not_http();
                    Admitted::Passing(input.len())
                }
            },
            Up::Swallow(body) => match body.advance(input) {
                Ok(count) => {
                    self.swallowed();
                    Admitted::Taken(count)
                }
                Err(_) => {
                    self.not_http();
                    Admitted::Taken(0)
                }
            },
            Up::Head { .. } if is_full => Admitted::Blocked,
            Up::Head { .. } => Admitted::Taken(self.gather(input, disturbance, now)),
        }
    }

    /// So many bytes that were to pass have passed.
    pub fn pass(&mut self, bytes: &[u8]) {
        if let Up::Body(body) = &mut self.up {
            // It was possible before, with these bytes and more.
            let _ = body.advance(bytes);
            if body.is_done() {
                self.up = Up::fresh();
            }
        }
    }

    /// Takes in what belongs to a head.
    fn gather(&mut self, input: &[u8], disturbance: &Disturbance, now: Instant) -> usize {
        let Up::Head { head, passed } = &mut self.up else { return 0 };
        if head.bytes.is_empty() {
            *passed = !disturbance.holds_heads();
        }
        let (taken, whole) = head.take(input);
        if *passed {
            self.to_server.extend_from_slice(&input[..taken]);
        }
        if !whole {
            if head.is_foreign(true) {
                self.not_http();
            }
            return taken;
        }
        let route = disturbance.delay.as_ref().map(|delay| delay.route.as_str());
        let Ok(request) = head.request(route) else {
            self.not_http();
            return taken;
        };
        if *passed {
            Http::count(&self.http.requests);
            self.follow(request);
        } else if request.on_route {
            self.http.holding.fetch_add(1, Ordering::Relaxed);
            let head = std::mem::take(head);
            self.up = Up::Held { head, request, since: now };
        } else {
            let head = std::mem::take(head);
            self.decide(&head, request, disturbance);
        }
        taken
    }

    /// Lets a request go on that was held back, where its time has come.
    pub fn let_go(&mut self, disturbance: &Disturbance, now: Instant) {
        if self.held_until(disturbance).is_none_or(|until| now < until) {
            return;
        }
        if let Up::Held { head, request, since } = std::mem::replace(&mut self.up, Up::fresh()) {
            self.http.holding.fetch_sub(1, Ordering::Relaxed);
            self.http.let_go(now.saturating_duration_since(since));
            self.decide(&head, request, disturbance);
            self.take_turns();
        }
    }

    /// Passes a request on, or answers it.
    fn decide(&mut self, head: &Gathered, request: Request, disturbance: &Disturbance) {
        Http::count(&self.http.requests);
        match disturbance.answer.filter(|own| self.http.hits(own.share)) {
            Some(own) => {
                self.pending.push_back(Pending::Own(Own::new(own.status, request)));
                self.up = request.body.map_or_else(Up::fresh, Up::Swallow);
            }
            None => {
                self.to_server.extend_from_slice(&head.bytes);
                self.follow(request);
            }
        }
    }

    /// The head of a request is on its way; its body follows.
    fn follow(&mut self, request: Request) {
        self.pending.push_back(Pending::Passed(request.method));
        self.up = request.body.map_or_else(Up::fresh, Up::Body);
    }

    /// Where all of a body has come that nobody wanted, its answer is ready.
    fn swallowed(&mut self) {
        if matches!(&self.up, Up::Swallow(body) if body.is_done()) {
            self.up = Up::fresh();
            if let Some(Pending::Own(own)) = self.pending.back_mut() {
                own.complete();
            }
        }
    }

    /// What comes from the client is no HTTP/1.1: it passes as it is. Answers that are still to come are followed to
    /// their end.
    fn not_http(&mut self) {
        self.become_foreign();
        match std::mem::replace(&mut self.up, Up::Plain) {
            Up::Head { head, passed: false } => self.to_server.extend_from_slice(&head.bytes),
            // The server must not get the rest of what it has no beginning of, and nobody can say where the next
            // request would begin.
            Up::Swallow(_) => {
                self.up = Up::Swallow(Body::UntilClose);
                if let Some(Pending::Own(own)) = self.pending.back_mut() {
                    own.complete();
                    own.close();
                }
            }
            _ => {}
        }
    }
}
