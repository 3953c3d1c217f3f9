//! Threads that wait for a disk in place of whoever asked, and their end.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So long what is being done may still take when nobody asks any more. A disk that hangs is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Does what may have to wait for a disk. When it is dropped, what goes on is told to stop and waited for, so that
/// nothing is written after the end of a run.
#[derive(Default)]
pub(super) struct Hands {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    busy: Mutex<usize>,
    idle: Condvar,
}

impl Shared {
    fn busy(&self) -> MutexGuard<'_, usize> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that is being done.
struct Busy(Arc<Shared>);

impl Busy {
    fn new(shared: &Arc<Shared>) -> Busy {
        *shared.busy() += 1;
        Busy(Arc::clone(shared))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.busy() -= 1;
        self.0.idle.notify_all();
    }
}

impl Hands {
    /// Does something on a thread of its own; it is told when to stop. Must be called within a tokio runtime. It is done
    /// also where nobody waits for it any more.
    pub async fn carry_out<Output: Send + 'static>(
        &self,
        work: impl FnOnce(&AtomicBool) -> io::Result<Output> + Send + 'static,
    ) -> io::Result<Output> {
        let busy = Busy::new(&self.shared);
        let done = tokio::task::spawn_blocking(move || {
            if busy.0.stop.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            work(&busy.0.stop)
        });
        done.await.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()))
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        let busy = self.shared.busy();
        let _ended = self.shared.idle.wait_timeout_while(busy, PATIENCE, |busy| *busy > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_has_ended_when_nobody_asks_any_more() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let hands = Hands::default();
        let (begun, began) = std::sync::mpsc::channel();
        runtime.block_on(async {
            let work = hands.carry_out(move |stop| {
                begun.send(()).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                told.store(true, Ordering::Relaxed);
                Ok(())
            });
            // Begun, and not waited for.
            let cut = tokio::time::timeout(Duration::ZERO, work);
            assert!(cut.await.is_err());
        });
        began.recv().unwrap();
        drop(hands);
        assert!(ended.load(Ordering::Relaxed));
    }
}
