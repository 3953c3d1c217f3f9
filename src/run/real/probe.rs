//! A probe of a link: something of soak's own that goes there and back while a condition is in force.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// How long a probe of a silent link waits for an answer that must not come.
pub(super) const SILENCE: Duration = Duration::from_millis(500);
/// How much longer than asked a probe of a slow link waits.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// A delay counts as having happened when at least this share of it was measured.
pub(super) const ENOUGH: f64 = 0.8;

/// One that is on its way, or has come back. Dropped, it is given up.
pub(super) struct Probe {
    came: Rc<Cell<Option<Option<Duration>>>>,
    task: AbortHandle,
}

impl Probe {
    /// Sends one; `going` comes to the time it took, or to nothing where it did not come back in time.
    pub fn start(going: impl Future<Output = Option<Duration>> + 'static) -> Probe {
        let came = Rc::new(Cell::new(None));
        let told = Rc::clone(&came);
        let task = tokio::task::spawn_local(async move { told.set(Some(going.await)) });
        Probe { came, task: task.abort_handle() }
    }

    /// What it came to, once it has.
    pub fn came(&self) -> Option<Option<Duration>> {
        self.came.get()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.task.abort();
    }
}
