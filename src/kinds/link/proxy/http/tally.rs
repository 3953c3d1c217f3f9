//! What a proxy that understands HTTP has seen and done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The numbers of a link that understands HTTP, since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HttpCounters {
    /// Requests whose head has come, those included that the link answered; not those that are held back now.
    pub requests: u64,
    /// Requests that the link answered itself.
    pub answered: u64,
    /// Requests that were held back and have gone on.
    pub delayed: u64,
    /// How long they were held back, all together.
    pub delays: Duration,
    /// Requests that are held back now.
    pub holding: u64,
    /// Answers of the server whose head has come, those aside that are not the last (1xx) or open a tunnel.
    pub answers: u64,
    /// Answers that were ended in the middle.
    pub torn: u64,
    /// Connections on which something came that is no HTTP/1.1.
    pub foreign: u64,
    /// Those among them that are open now.
    pub foreign_open: u64,
}

/// What all connections of a link share that understands HTTP.
#[derive(Debug)]
pub(in super::super) struct Http {
    pub(super) requests: AtomicU64,
    pub(super) answered: AtomicU64,
    delayed: AtomicU64,
    delay_nanos: AtomicU64,
    pub(super) holding: AtomicU64,
    pub(super) answers: AtomicU64,
    pub(super) torn: AtomicU64,
    pub(super) foreign: AtomicU64,
    pub(super) foreign_open: AtomicU64,
    /// What chooses among requests and answers, in the order in which they come.
    random: Mutex<ChaCha8Rng>,
}

impl Http {
    pub fn new(seed: u64) -> Http {
        Http {
            requests: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            delayed: AtomicU64::new(0),
            delay_nanos: AtomicU64::new(0),
            holding: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            torn: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
            foreign_open: AtomicU64::new(0),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
        }
    }

    pub fn counters(&self) -> HttpCounters {
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HttpCounters {
            requests: number(&self.requests),
            answered: number(&self.answered),
            delayed: number(&self.delayed),
            delays: Duration::from_nanos(number(&self.delay_nanos)),
            holding: number(&self.holding),
            answers: number(&self.answers),
            torn: number(&self.torn),
            foreign: number(&self.foreign),
            foreign_open: number(&self.foreign_open),
        }
    }

    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was held back for so long and goes on.
    pub(super) fn let_go(&self, after: Duration) {
        Http::count(&self.delayed);
        let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        self.delay_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Whether something that happens to such a share happens now.
    pub(super) fn hits(&self, share: f64) -> bool {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.random::<f64>() < share
    }
}
