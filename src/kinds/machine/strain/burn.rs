//! Processors kept busy: one thread a core, which computes and rests in turns.
//!
//! Each thread has an account of processor time, which fills by the share that is asked and from which what it used, by the
//! kernel's own count, is taken. So it is the share also where others compete for the core, as far as they let it.

use super::Burnt;
use crate::kinds::machine::ticks::Ticks;
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A turn of computing and resting.
const PERIOD: Duration = Duration::from_millis(10);
/// So many turns may be made up for when a thread did not get its core.
const TURNS_OWED: f64 = 2.0;

/// The threads that compute.
pub(super) struct Burning {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    began: Instant,
    used: Duration,
    ticks: Option<Ticks>,
}

impl Burning {
    /// Begins.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn begin(share: f64) -> std::io::Result<Burning> {
        let cores = std::thread::available_parallelism()?.get();
        let ended = Arc::<AtomicBool>::default();
        let thread = |index: usize| {
            let ended = Arc::clone(&ended);
            std::thread::Builder::new().name(format!("burn-{index}")).spawn(move || burn(share, &ended))
        };
        let threads = (0..cores).map(thread).collect::<std::io::Result<Vec<_>>>()?;
        Ok(Burning { ended, threads, began: Instant::now(), used: used(), ticks: Ticks::now().ok() })
    }

    /// Ends, and tells what was used.
    pub fn end(self) -> Burnt {
        let (used, time) = (used().saturating_sub(self.used), self.began.elapsed());
        let busy = Ticks::now().ok().zip(self.ticks).and_then(|(now, before)| now.busy_since(before));
        self.ended.store(true, Ordering::Relaxed);
        let cores = self.threads.len();
        for thread in self.threads {
            let _ = thread.join();
        }
        let share = used.as_secs_f64() / (time.as_secs_f64() * cores as f64).max(1e-9);
        Burnt { share, busy: busy.unwrap_or(share), cores }
    }
}

fn burn(share: f64, ended: &AtomicBool) {
    let share = share.clamp(0.0, 1.0);
    let (mut account, mut last, mut spent) = (0.0, Instant::now(), thread_time());
    while !ended.load(Ordering::Relaxed) {
        let (now, used) = (Instant::now(), thread_time());
        account += share * now.duration_since(last).as_secs_f64() - used.saturating_sub(spent).as_secs_f64();
        account = f64::min(account, TURNS_OWED * PERIOD.as_secs_f64());
        (last, spent) = (now, used);
        if account <= 0.0 && share < 1.0 {
            std::thread::sleep(PERIOD.mul_f64(1.0 - share).max(Duration::from_micros(200)));
        } else {
            compute();
        }
    }
}

/// Some tens of microseconds of work that no compiler leaves out.
fn compute() {
    let mut value = 1_u64;
    for step in 0..20_000_u64 {
        value = std::hint::black_box(value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step));
    }
}

fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// What this process has used of all cores.
fn used() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let whole = |time: nix::sys::time::TimeVal| {
        Duration::new(time.tv_sec().max(0) as u64, (time.tv_usec().max(0) as u32) * 1000)
    };
    whole(usage.user_time()) + whole(usage.system_time())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_told_and_ends_with_it() {
        let burning = Burning::begin(0.3).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let burnt = burning.end();
        assert!(burnt.share > 0.02 && burnt.share <= 1.0, "{burnt:?}");
        assert!(burnt.cores > 0 && (0.0..=1.0).contains(&burnt.busy), "{burnt:?}");
    }
}
