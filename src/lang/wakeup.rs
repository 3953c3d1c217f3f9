//! Waking up on time: sleeps that end within some tens of microseconds of the instant asked for.
//!
//! The async runtime's own timer counts whole milliseconds and rounds up, so a delay of 10 ms made with it is
//! one of 11 to 12 ms. Here every sleep of a runtime shares one kernel timer (`timerfd_create(2)`), set to the
//! earliest deadline with nanosecond resolution. Such a timer is not subject to the thread's timer slack.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::AbortHandle;

/// The kernel timer is never set further ahead than this; a later deadline is reached in several stretches.
/// It keeps every duration far inside what the kernel accepts.
const LONGEST_STRETCH: Duration = Duration::from_secs(24 * 3600);

/// The kernel timer is set at most this much ahead of a deadline, because a processor that has gone idle needs some
/// tens of microseconds to come back. When it comes back sooner, the rest is waited for in a loop, so this also bounds
/// the processor time that one wake-up may waste.
const HEAD_START: Duration = Duration::from_micros(50);

/// How far ahead of a deadline the kernel timer is set.
#[derive(Clone, Copy, Debug)]
enum HeadStart {
    /// Always by [`HEAD_START`].
    Fixed,
    /// By what nine of ten wake-ups have taken at least lately, so that next to nothing is left to wait for in a loop.
    Learnt(Duration),
}

impl HeadStart {
    fn get(self) -> Duration {
        match self {
            HeadStart::Fixed => HEAD_START,
            HeadStart::Learnt(wake_up) => wake_up,
        }
    }

    /// The timer, set for one instant, was heard of after `taken`.
    fn learn(&mut self, taken: Duration) {
        if let HeadStart::Learnt(wake_up) = self {
            *wake_up = low_tenth(*wake_up, taken, Duration::from_nanos(100), HEAD_START);
        }
    }
}

/// What nine of ten times are at least, from what was known of that and one time more. A tenth of all times lies below a value
/// that is raised by one part where it is exceeded and lowered by nine where it is not. It is never more than `most`.
pub fn low_tenth(known: Duration, taken: Duration, part: Duration, most: Duration) -> Duration {
    match taken < known {
        true => known.saturating_sub(9 * part),
        false => (known + part).min(most),
    }
}

/// A precise timer that belongs to one async runtime. Cheap to clone; all clones share the kernel timer.
#[derive(Clone, Debug)]
pub struct Wakeups {
    owner: Arc<Owner>,
}

impl Wakeups {
    /// Makes the kernel timer and starts the task that listens to it.
    ///
    /// Must be called inside a tokio runtime that has I/O enabled. Fails when the process is out of file
    /// descriptors.
    pub fn new() -> io::Result<Wakeups> {
        Wakeups::with_head_start(HeadStart::Fixed)
    }

    /// Like [`Wakeups::new`], for many thousand wake-ups a second: waits in loops for as little as keeps most of them
    /// within some tens of microseconds.
    pub fn sparing() -> io::Result<Wakeups> {
        Wakeups::with_head_start(HeadStart::Learnt(Duration::ZERO))
    }

    fn with_head_start(head_start: HeadStart) -> io::Result<Wakeups> {
        let descriptor =
            TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        // SAFETY: the descriptor must stay open and be the same one for as long as it is registered.
        // `KernelTimer` owns it, always names that one, and is never handed out mutably or replaced.
        let timer = unsafe { AsyncFd::register_with_interest(KernelTimer(descriptor), Interest::READABLE)? };
        let shared = Arc::new(Shared { timer, waiting: Mutex::new(Waiting::new(head_start)) });
        let driver = tokio::spawn(drive(Arc::clone(&shared))).abort_handle();
        Ok(Wakeups { owner: Arc::new(Owner { shared, driver }) })
    }

    /// A future that is ready at `deadline`, at once when that has passed.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { wakeups: self.clone(), deadline, ticket: None }
    }
}

/// Waits for one deadline; see [`Wakeups::sleep_until`]. Dropping it gives the place in the queue back.
#[derive(Debug)]
pub struct Sleep {
    wakeups: Wakeups,
    deadline: Instant,
    ticket: Option<u64>,
}

impl Sleep {
    /// The instant this sleep ends.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if now >= self.deadline {
            self.leave();
            return Poll::Ready(());
        }
        let (deadline, ticket) = (self.deadline, self.ticket);
        let ticket = self.wakeups.owner.shared.enter(deadline, ticket, context.waker(), now);
        self.ticket = Some(ticket);
        Poll::Pending
    }
}

impl Sleep {
    fn leave(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.wakeups.owner.shared.lock().sleepers.remove(&(self.deadline, ticket));
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Ends the listening task with the last clone of [`Wakeups`].
#[derive(Debug)]
struct Owner {
    shared: Arc<Shared>,
    driver: AbortHandle,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[derive(Debug)]
struct Shared {
    timer: AsyncFd<KernelTimer>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// By deadline, then by ticket, so that equal deadlines are woken in the order they came.
    sleepers: BTreeMap<(Instant, u64), Waker>,
    next_ticket: u64,
    /// The deadline that the kernel timer is set for; never later than the first sleeper's.
    armed: Option<Instant>,
    /// When the kernel timer goes off.
    expires: Option<Instant>,
    head_start: HeadStart,
}

impl Waiting {
    fn new(head_start: HeadStart) -> Waiting {
        Waiting { sleepers: BTreeMap::new(), next_ticket: 0, armed: None, expires: None, head_start }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, deadline: Instant, ticket: Option<u64>, waker: &Waker, now: Instant) -> u64 {
        let mut waiting = self.lock();
        let ticket = ticket.unwrap_or_else(|| {
            waiting.next_ticket += 1;
            waiting.next_ticket
        });
        waiting
            .sleepers
            .entry((deadline, ticket))
            .and_modify(|known| known.clone_from(waker))
            .or_insert_with(|| waker.clone());
        if waiting.armed.is_none_or(|armed| deadline < armed) {
            self.arm(&mut waiting, deadline, now);
        }
        ticket
    }

    fn arm(&self, waiting: &mut Waiting, deadline: Instant, now: Instant) {
        let stretch = deadline.saturating_duration_since(now).min(LONGEST_STRETCH);
        waiting.armed = Some(now + stretch);
        // Zero would switch the timer off, so what is due already is due in a nanosecond.
        let ahead = stretch.saturating_sub(waiting.head_start.get()).max(Duration::from_nanos(1));
        waiting.expires = Some(now + ahead);
        self.timer
            .get_ref()
            .0
            .set(Expiration::OneShot(TimeSpec::from_duration(ahead)), TimerSetTimeFlags::empty())
            .expect("an open timer accepts every duration between a nanosecond and a day");
    }

    /// Takes out everyone whose time has come and sets the timer to the next one.
    fn due(&self, woken: &mut Vec<Waker>) {
        let mut now = Instant::now();
        let mut waiting = self.lock();
        let first = waiting.sleepers.keys().next().map(|&(deadline, _)| deadline);
        if let Some(expired) = waiting.expires.take().filter(|expires| *expires <= now) {
            waiting.head_start.learn(now - expired);
        }
        drop(waiting);
        if let Some(first) = first.filter(|first| first.saturating_duration_since(now) <= HEAD_START) {
            while now < first {
                std::hint::spin_loop();
                now = Instant::now();
            }
        }
        let mut waiting = self.lock();
        while let Some(first) = waiting.sleepers.first_entry() {
            if first.key().0 > now {
                break;
            }
            woken.push(first.remove());
        }
        waiting.armed = None;
        if let Some(&(deadline, _)) = waiting.sleepers.keys().next() {
            self.arm(&mut waiting, deadline, now);
        }
    }
}

async fn drive(shared: Arc<Shared>) {
    let mut woken = Vec::new();
    // The runtime ends this wait with an error only when it is itself being shut down.
    while let Ok(mut ready) = shared.timer.readable().await {
        ready.clear_ready();
        // Reading empties the counter. Nothing to read means that the timer was set anew meanwhile.
        let _ = shared.timer.get_ref().0.wait();
        shared.due(&mut woken);
        woken.drain(..).for_each(Waker::wake);
    }
}

#[derive(Debug)]
struct KernelTimer(TimerFd);

impl AsRawFd for KernelTimer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<Output>(test: impl Future<Output = Output>) -> Output {
        tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(test)
    }

    #[test]
    fn sleeps_end_in_the_order_of_their_deadlines_and_never_early() {
        block_on(async {
            let wakeups = Wakeups::new().unwrap();
            let start = Instant::now();
            let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
            for after in [30_u64, 5, 20, 5, 1, 0] {
                let sleep = wakeups.sleep_until(start + Duration::from_millis(after));
                let sender = sender.clone();
                tokio::spawn(async move {
                    let deadline = sleep.deadline();
                    sleep.await;
                    assert!(Instant::now() >= deadline);
                    sender.send(after).unwrap();
                });
            }
            drop(sender);
            let mut seen = Vec::new();
            while let Some(after) = order.recv().await {
                seen.push(after);
            }
            assert_eq!(seen, [0, 1, 5, 5, 20, 30]);
        });
    }

    #[test]
    fn a_dropped_sleep_leaves_the_queue_and_later_ones_still_end() {
        block_on(async {
            let wakeups = Wakeups::new().unwrap();
            let start = Instant::now();
            let mut given_up = wakeups.sleep_until(start + Duration::from_millis(2));
            std::future::poll_fn(|context| {
                assert!(Pin::new(&mut given_up).poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            assert_eq!(wakeups.owner.shared.lock().sleepers.len(), 1);
            drop(given_up);
            assert!(wakeups.owner.shared.lock().sleepers.is_empty());
            wakeups.sleep_until(start + Duration::from_millis(8)).await;
            assert!(start.elapsed() >= Duration::from_millis(8));
        });
    }

    #[test]
    fn a_deadline_years_ahead_can_be_waited_for_and_given_up() {
        block_on(async {
            let wakeups = Wakeups::new().unwrap();
            let far = wakeups.sleep_until(Instant::now() + Duration::from_secs(400 * 365 * 24 * 3600));
            tokio::select! {
                () = far => panic!("the far deadline came"),
                () = wakeups.sleep_until(Instant::now() + Duration::from_millis(3)) => {}
            }
        });
    }
}
