//! Open load: iterations are begun when they are due, whatever has become of the ones before.

use super::arrival::Schedule;
use super::iteration::{self, Flight};
use super::order::{LoadOrder, Plan};
use super::state::State;
use super::stop::Stop;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use tokio::task::{JoinSet, yield_now};

/// So many iterations of one load may be in flight where the scenario does not say `max`. What waits for an answer
/// costs a few kilobytes.
pub const MAX_IN_FLIGHT: u64 = 50_000;
/// A generator that is behind lets others run after so many arrivals.
const CATCH_UP: u32 = 64;

/// Numbers of users: the lowest free one is given out first.
#[derive(Default)]
struct Users {
    free: BinaryHeap<Reverse<u64>>,
    highest: u64,
}

impl Users {
    /// A free number, within the limit.
    fn take(&mut self, limit: u64) -> Option<u64> {
        if let Some(Reverse(user)) = self.free.pop() {
            return Some(user);
        }
        (self.highest < limit).then(|| {
            self.highest += 1;
            self.highest
        })
    }
}

/// A user's number for one iteration, given back when it is dropped.
struct Busy {
    users: Rc<RefCell<Users>>,
    number: u64,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.users.borrow_mut().free.push(Reverse(self.number));
    }
}

/// Runs a load with arrivals at a rate until its end, the grace included.
pub(super) async fn run(state: Rc<State>, order: &LoadOrder, mut stop: Stop) {
    let Plan::Rate { profile, poisson, max_users } = &order.plan else { return };
    let limit = max_users.unwrap_or(MAX_IN_FLIGHT);
    let mut schedule = Schedule::new(profile.clone(), order.duration);
    let mut gaps = state.random_of_load(order.seed, 0);
    let mut picks = state.random_of_load(order.seed, 1);
    let users = Rc::new(RefCell::new(Users::default()));
    let mut flights = JoinSet::new();
    let mut left = order.times.unwrap_or(u64::MAX);
    let mut overdue = 0;
    while left > 0 {
        let offset = if *poisson { schedule.next_poisson(&mut gaps) } else { schedule.next_even() };
        let Some(due) = offset.map(|offset| order.start.after(offset)) else { break };
        if state.now() < due {
            overdue = 0;
        } else {
            overdue += 1;
            if overdue % CATCH_UP == 0 {
                yield_now().await;
            }
        }
        if !stop.reach(&state, due).await {
            break;
        }
        left -= 1;
        while flights.try_join_next().is_some() {}
        // The action is drawn also for an arrival that is dropped, so that later ones do not depend on it.
        let action = state.pick(order.subject, || &mut picks);
        let free = users.borrow_mut().take(limit);
        let Some(number) = free.filter(|_| state.now() <= stop.limit()) else {
            if let Some(number) = free {
                users.borrow_mut().free.push(Reverse(number));
            }
            state.record(|recorder| recorder.dropped(order.origin(), action, free.is_none()));
            continue;
        };
        let busy = Busy { users: Rc::clone(&users), number };
        let flight = Flight { origin: order.origin(), action, user: number, due, now: None };
        let (state, mut stop) = (Rc::clone(&state), stop.clone());
        flights.spawn_local(async move {
            let landed = iteration::run(&state, flight).await;
            // A user that thinks is still busy.
            stop.reach(&state, landed.rested).await;
            drop(busy);
        });
    }
    stop.drain(&state, flights).await;
}
