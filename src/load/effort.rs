//! What the engine's own thread has had of the machine: processor time, and time it waited for a processor.

use nix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

/// What the thread has had since it began, or between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Processor time.
    pub busy: Duration,
    /// Time in which it could have run and something else did.
    pub waited: Duration,
    /// The time in which it had that.
    pub over: Duration,
}

/// Reads the effort of the thread that made it.
pub(super) struct Meter {
    /// `/proc/thread-self/schedstat`: time on a processor, time of waiting for one (nanoseconds), and turns. Absent
    /// where the kernel keeps no such account.
    account: Option<File>,
    began: Instant,
    last: Effort,
}

impl Meter {
    pub fn new() -> Meter {
        let account = File::open("/proc/thread-self/schedstat").ok();
        let mut meter = Meter { account, began: Instant::now(), last: Effort::default() };
        meter.last = meter.read();
        meter
    }

    /// What the thread has had since the last call.
    pub fn since_last(&mut self) -> Effort {
        let now = self.read();
        let before = std::mem::replace(&mut self.last, now);
        Effort {
            busy: now.busy.saturating_sub(before.busy),
            waited: now.waited.saturating_sub(before.waited),
            over: now.over.saturating_sub(before.over),
        }
    }

    fn read(&self) -> Effort {
        let busy = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default();
        let mut text = [0; 96];
        let length = self.account.as_ref().and_then(|file| file.read_at(&mut text, 0).ok()).unwrap_or(0);
        let text = std::str::from_utf8(&text[..length]).unwrap_or_default();
        let waited = text.split_ascii_whitespace().nth(1).and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
        Effort { busy, waited: Duration::from_nanos(waited), over: self.began.elapsed() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_computes_is_busy_and_one_that_sleeps_is_not() {
        let mut meter = Meter::new();
        std::thread::sleep(Duration::from_millis(30));
        let asleep = meter.since_last();
        assert!(asleep.busy < Duration::from_millis(20), "{asleep:?}");
        let begun = Instant::now();
        while meter.read().busy < meter.last.busy + Duration::from_millis(30) {
            assert!(begun.elapsed() < Duration::from_secs(60));
        }
        assert!(meter.since_last().busy >= Duration::from_millis(30));
    }
}
