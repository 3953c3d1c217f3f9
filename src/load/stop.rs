//! The end of a load, which may be brought forward while it runs, and what happens to what is in flight then.

use super::state::State;
use crate::lang::moment::Moment;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What is still in flight when a load ends has so long to be answered.
pub const GRACE: Duration = Duration::from_secs(5);

/// When a load ends. The moment only ever moves forward in time, towards now.
#[derive(Clone)]
pub(super) struct Stop {
    told: watch::Receiver<Moment>,
}

impl Stop {
    pub fn new(told: watch::Receiver<Moment>) -> Stop {
        Stop { told }
    }

    /// When it ends, as far as is known.
    pub fn moment(&self) -> Moment {
        *self.told.borrow()
    }

    /// When what is in flight is cut.
    pub fn limit(&self) -> Moment {
        self.moment().after(GRACE)
    }

    /// Waits for a moment; false, and no longer than that, when the load ends at or before it.
    pub async fn reach(&mut self, state: &State, moment: Moment) -> bool {
        loop {
            let end = *self.told.borrow_and_update();
            let until = moment.min(end);
            if state.now() >= until {
                return moment < end;
            }
            tokio::select! {
                () = state.sleep_until(until) => {}
                changed = self.told.changed() => if changed.is_err() { return false },
            }
        }
    }

    /// Waits for what is in flight, when the load has ended for no longer than the grace. What is left then is cut,
    /// and counted as such.
    pub async fn drain<T: 'static>(mut self, state: &State, mut flights: JoinSet<T>) {
        while !flights.is_empty() {
            self.told.mark_unchanged();
            let limit = self.limit();
            tokio::select! {
                _ = flights.join_next() => {}
                () = state.sleep_until(limit) => break,
                changed = self.told.changed() => if changed.is_err() { break },
            }
        }
        flights.shutdown().await;
    }
}
