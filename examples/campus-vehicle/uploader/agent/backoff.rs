//! The pause after failed attempts: doubled each time, up to a cap that keeps recovery quick.

use std::time::{Duration, Instant};

/// The pause after the first failure.
const FIRST: Duration = Duration::from_millis(100);
/// Doublings beyond this would overflow long after any cap.
const DOUBLINGS: u32 = 20;

/// How long to rest after the given number of failures in a row.
pub fn pause(failures: u32, cap: Duration) -> Duration {
    FIRST.saturating_mul(1 << failures.saturating_sub(1).min(DOUBLINGS)).min(cap)
}

/// The way to the store: while it fails, one attempt at a time finds out whether it is back.
pub struct Gate {
    failures: u32,
    opens: Instant,
    cap: Duration,
}

impl Gate {
    pub fn new(now: Instant, cap: Duration) -> Self {
        Self { failures: 0, opens: now, cap }
    }

    /// How many uploads may be under way now.
    pub fn slots(&self, now: Instant, concurrency: usize) -> usize {
        match self.failures {
            0 => concurrency,
            _ if now >= self.opens => 1,
            _ => 0,
        }
    }

    /// When it opens, if it is shut.
    pub fn opens(&self) -> Option<Instant> {
        (self.failures > 0).then_some(self.opens)
    }

    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    pub fn failed(&mut self, now: Instant) {
        // Uploads that were under way together fail together, and that is one failure.
        if now >= self.opens {
            self.failures = self.failures.saturating_add(1);
            self.opens = now + pause(self.failures, self.cap);
        }
    }
}
