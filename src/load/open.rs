//! Open load: iterations are begun when they are due, whatever has become of the ones before.

use super::arrival::Schedule;
use super::iteration;
use super::order::{LoadOrder, Plan};
use super::state::State;
use crate::lang::moment::Moment;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What is still in flight when a load ends has so long to be answered.
pub const GRACE: Duration = Duration::from_secs(5);
/// So many iterations of one load may be in flight where the scenario does not say `max`.
pub const MAX_IN_FLIGHT: u64 = 10_000;

/// Numbers of users: the lowest free one is given out first, so that connections are used again.
#[derive(Default)]
struct Users {
    free: BinaryHeap<Reverse<u64>>,
    highest: u64,
    busy: u64,
}

impl Users {
    fn take(&mut self) -> u64 {
        self.busy += 1;
        self.free.pop().map_or_else(
            || {
                self.highest += 1;
                self.highest
            },
            |Reverse(user)| user,
        )
    }

    fn give_back(&mut self, user: u64) {
        self.busy -= 1;
        self.free.push(Reverse(user));
    }
}

/// Runs a load with arrivals at a rate until its end, the grace included. `stop` says when it ends.
pub(super) async fn run(state: Rc<State>, order: &LoadOrder, mut stop: watch::Receiver<Moment>) {
    let Plan::Rate { profile, poisson, max_users } = &order.plan else { return };
    let limit = max_users.unwrap_or(MAX_IN_FLIGHT);
    let mut schedule = Schedule::new(profile.clone(), order.duration);
    let mut random = ChaCha8Rng::seed_from_u64(order.seed);
    let mut users = Users::default();
    let mut flights: JoinSet<u64> = JoinSet::new();
    let mut left = order.times.unwrap_or(u64::MAX);
    while left > 0 {
        let offset = if *poisson { schedule.next_poisson(&mut random) } else { schedule.next_even() };
        let Some(due) = offset.map(|offset| order.start.after(offset)) else { break };
        if !wait_until_due(&state, due, &mut stop, &mut flights, &mut users).await {
            break;
        }
        left -= 1;
        let hopeless = state.now() > stop.borrow().after(GRACE);
        if users.busy >= limit || hopeless {
            state.recorder.borrow_mut().dropped(order.origin(), 1);
            continue;
        }
        let user = users.take();
        let (state, origin) = (Rc::clone(&state), order.origin());
        flights.spawn_local(async move {
            iteration::run(state, origin, user, due).await;
            user
        });
    }
    drain(&state, flights, stop).await;
}

/// Waits for an arrival's moment; false when the load ends before it.
async fn wait_until_due(
    state: &State,
    due: Moment,
    stop: &mut watch::Receiver<Moment>,
    flights: &mut JoinSet<u64>,
    users: &mut Users,
) -> bool {
    while let Some(ended) = flights.try_join_next() {
        give_back(users, ended);
    }
    loop {
        if due >= *stop.borrow_and_update() {
            return false;
        }
        if due <= state.now() {
            return true;
        }
        tokio::select! {
            () = state.sleep_until(due) => return due < *stop.borrow(),
            Some(ended) = flights.join_next() => give_back(users, ended),
            changed = stop.changed() => if changed.is_err() { return false },
        }
    }
}

fn give_back(users: &mut Users, ended: Result<u64, tokio::task::JoinError>) {
    match ended {
        Ok(user) => users.give_back(user),
        Err(_) => users.busy = users.busy.saturating_sub(1),
    }
}

/// Waits for what is in flight; when the load has been ended, for no longer than the grace. What is left then
/// is cut, and counted as such.
pub(super) async fn drain<T: 'static>(
    state: &State,
    mut flights: JoinSet<T>,
    mut stop: watch::Receiver<Moment>,
) {
    while !flights.is_empty() {
        let end = *stop.borrow_and_update();
        let limit = if end == Moment::NEVER { end } else { end.after(GRACE) };
        tokio::select! {
            _ = flights.join_next() => {}
            () = state.sleep_until(limit) => break,
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
    flights.shutdown().await;
}
