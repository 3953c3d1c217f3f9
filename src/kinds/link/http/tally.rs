//! What was seen and done.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers since the stage was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Requests whose head was read.
    pub requests: u64,
    /// Of them, those the link answered itself.
    pub answered: u64,
    /// Those that were held back.
    pub delayed: u64,
    /// Answers of the server whose head was read.
    pub answers: u64,
    /// Of them, those that were ended in the middle.
    pub torn: u64,
    /// Connections that carried something else than HTTP/1, from some point on.
    pub unread: u64,
}

impl Seen {
    /// What came since another look.
    pub fn since(self, before: Seen) -> Seen {
        Seen {
            requests: self.requests - before.requests,
            answered: self.answered - before.answered,
            delayed: self.delayed - before.delayed,
            answers: self.answers - before.answers,
            torn: self.torn - before.torn,
            unread: self.unread - before.unread,
        }
    }
}

/// The numbers as the stage's thread writes them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub requests: AtomicU64,
    pub answered: AtomicU64,
    pub delayed: AtomicU64,
    pub answers: AtomicU64,
    pub torn: AtomicU64,
    pub unread: AtomicU64,
}

impl Tally {
    pub fn seen(&self) -> Seen {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Seen {
            requests: number(&self.requests),
            answered: number(&self.answered),
            delayed: number(&self.delayed),
            answers: number(&self.answers),
            torn: number(&self.torn),
            unread: number(&self.unread),
        }
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
