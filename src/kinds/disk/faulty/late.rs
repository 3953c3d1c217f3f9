//! What is done later: reads and writes of a disk that is slow, in a thread of their own. None of the others waits for them.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// SIGKILL, as the bit that it is among signals that wait (proc_pid_status(5)).
const KILLED: u64 = 1 << 8;

/// What is to be done.
type Work = Box<dyn FnOnce() + Send>;

struct Job {
    /// The thread that waits for it.
    pid: u32,
    work: Work,
}

/// Everything that is to be done later.
#[derive(Default)]
pub(super) struct Late {
    jobs: Mutex<BTreeMap<(Instant, u64), Job>>,
    changed: Condvar,
}

impl Late {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has something done at a time, for a request of a thread.
    pub fn put(&self, at: Instant, unique: u64, pid: u32, work: Work) {
        self.jobs().insert((at, unique), Job { pid, work });
        self.changed.notify_one();
    }

    /// Somebody who waits has got a signal. One who is killed does not wait any longer; anybody else does, as on a disk.
    pub fn interrupted(&self, unique: u64) {
        let mut jobs = self.jobs();
        let Some(key) = jobs.keys().find(|key| key.1 == unique).copied() else { return };
        if jobs.get(&key).is_some_and(|job| is_killed(job.pid))
            && let Some(job) = jobs.remove(&key)
        {
            jobs.insert((Instant::now(), unique), job);
            self.changed.notify_one();
        }
    }

    /// Has everything done now: the disk is slow no longer.
    pub fn hurry(&self) {
        let mut jobs = self.jobs();
        let now = Instant::now();
        let hurried = std::mem::take(&mut *jobs).into_iter();
        *jobs = hurried.map(|((at, unique), job)| ((at.min(now), unique), job)).collect();
        self.changed.notify_one();
    }

    /// Does what is due, for ever.
    pub fn run(&self) {
        let mut jobs = self.jobs();
        loop {
            let now = Instant::now();
            let due = jobs.first_key_value().map(|((at, _), _)| *at);
            match due {
                Some(at) if at <= now => {
                    let job = jobs.pop_first();
                    drop(jobs);
                    if let Some((_, job)) = job {
                        (job.work)();
                    }
                    jobs = self.jobs();
                }
                Some(at) => {
                    let waited = self.changed.wait_timeout(jobs, at - now);
                    jobs = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None => jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

fn is_killed(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let waiting = status.lines().filter_map(|line| {
        let set = line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:"))?;
        u64::from_str_radix(set.trim(), 16).ok()
    });
    waiting.fold(0, |all, set| all | set) & KILLED != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    #[test]
    fn what_is_due_first_is_done_first_and_the_rest_at_once_when_nothing_is_slow_any_more() {
        let (late, (done, told)) = (Arc::new(Late::default()), mpsc::channel());
        let runs = Arc::clone(&late);
        std::thread::spawn(move || runs.run());
        let put = |after: u64, unique: u64| {
            let done = done.clone();
            let at = Instant::now() + Duration::from_millis(after);
            late.put(at, unique, 0, Box::new(move || done.send(unique).unwrap()));
        };
        put(3_600_000, 1);
        put(100, 2);
        put(50, 3);
        let next = |within| told.recv_timeout(Duration::from_millis(within)).ok();
        assert_eq!((next(5000), next(5000), next(50)), (Some(3), Some(2), None));
        // Nobody was killed.
        late.interrupted(1);
        assert_eq!(next(50), None);
        late.hurry();
        assert_eq!(next(5000), Some(1));
    }
}
