//! Closed load: users that begin the next iteration when the last one has ended, barriers, and one after the other.

use super::iteration;
use super::open::drain;
use super::order::{LoadOrder, Plan};
use super::recorder::{Origin, Outcome};
use super::state::State;
use crate::check::scenario::LoadSubject;
use crate::lang::moment::Moment;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A user whose iteration failed in less than this waits so long, lest a dead server make it a busy loop.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(10);

/// What the users of one load share.
struct Crowd {
    origin: Origin,
    /// Iterations that may still begin.
    left: Cell<u64>,
    /// Users with a higher number than this go home.
    wanted: Cell<u64>,
}

/// Runs a load of users, of a barrier, or of one after the other, its grace included.
pub(super) async fn run(state: Rc<State>, order: &LoadOrder, stop: watch::Receiver<Moment>) {
    let crowd = Rc::new(Crowd {
        origin: order.origin(),
        left: Cell::new(order.times.unwrap_or(u64::MAX)),
        wanted: Cell::new(0),
    });
    let mut flights = JoinSet::new();
    match order.plan {
        Plan::Users { from, to } => {
            people(&state, order, &crowd, (from, to), &mut flights, stop.clone()).await
        }
        Plan::AtOnce { users } => barrier(&state, order, users, &mut flights).await,
        Plan::Sequential => {
            crowd.wanted.set(1);
            flights.spawn_local(user(Rc::clone(&state), Rc::clone(&crowd), 1, stop.clone()));
        }
        Plan::Rate { .. } => {}
    }
    drain(&state, flights, stop).await;
}

/// One user, again and again.
async fn user(state: Rc<State>, crowd: Rc<Crowd>, number: u64, stop: watch::Receiver<Moment>) {
    loop {
        let begin = state.now();
        if begin >= *stop.borrow() || crowd.wanted.get() < number || crowd.left.get() == 0 {
            return;
        }
        crowd.left.set(crowd.left.get() - 1);
        let outcome = iteration::run(Rc::clone(&state), crowd.origin, number, begin).await;
        let pause = begin.after(PAUSE_AFTER_FAILURE);
        if outcome != Outcome::Succeeded && state.now() < pause {
            state.sleep_until(pause).await;
        }
        // An action that never waits for anything must not keep the others from running.
        tokio::task::yield_now().await;
    }
}

/// Lets users come and go so that their number follows the line from one to the other.
async fn people(
    state: &Rc<State>,
    order: &LoadOrder,
    crowd: &Rc<Crowd>,
    (from, to): (u64, u64),
    flights: &mut JoinSet<()>,
    stop: watch::Receiver<Moment>,
) {
    let join = |number: u64, flights: &mut JoinSet<()>| {
        flights.spawn_local(user(Rc::clone(state), Rc::clone(crowd), number, stop.clone()));
    };
    crowd.wanted.set(from);
    (1..=from).for_each(|number| join(number, flights));
    let Some(duration) = order.duration.filter(|duration| from != to && !duration.is_zero()) else {
        return;
    };
    let mut told = stop.clone();
    let steps = from.abs_diff(to);
    for step in 1..=steps {
        // Each comes or goes where the line crosses half-way between two whole numbers.
        let due = order.start.after(duration.mul_f64((step as f64 - 0.5) / steps as f64));
        loop {
            if due >= *told.borrow_and_update() {
                return;
            }
            tokio::select! {
                () = state.sleep_until(due) => break,
                changed = told.changed() => if changed.is_err() { return },
            }
        }
        if to > from {
            crowd.wanted.set(from + step);
            join(from + step, flights);
        } else {
            crowd.wanted.set(from - step);
        }
    }
}

/// All users together, one iteration each: connections are opened before, then all are let go at one instant.
async fn barrier(state: &Rc<State>, order: &LoadOrder, users: u64, flights: &mut JoinSet<()>) {
    for subject in state.subjects(order.subject) {
        let LoadSubject::Action(action) = subject else { continue };
        for target in state.targets(action) {
            if let Some(requester) = state.requester(target) {
                requester.warm_up(users).await;
            }
        }
    }
    let due = state.now();
    for number in 1..=users {
        let (state, origin) = (Rc::clone(state), order.origin());
        flights.spawn_local(async move {
            iteration::run(state, origin, number, due).await;
        });
    }
}
