//! Closed load: users that begin the next iteration when the last one has ended, barriers, and one after the other.

use super::iteration::{self, Flight, user_number};
use super::order::{LoadOrder, Plan};
use super::recorder::Origin;
use super::state::State;
use super::stop::Stop;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;

/// A user whose iteration came to an end in less than this without any answer waits so long, lest a dead server make it
/// a busy loop.
const PAUSE_WITHOUT_ANSWER: Duration = Duration::from_millis(10);

/// What the users of one load share.
struct Crowd {
    seed: u64,
    origin: Origin,
    /// Iterations that may still begin.
    left: Cell<u64>,
    /// Users with a higher number than this go home.
    wanted: Cell<u64>,
}

/// Runs a load of users, of a barrier, or of one after the other, its grace included.
pub(super) async fn run(state: Rc<State>, order: &LoadOrder, stop: Stop) {
    let crowd = Rc::new(Crowd {
        seed: order.seed,
        origin: order.origin(),
        left: Cell::new(order.times.unwrap_or(u64::MAX)),
        wanted: Cell::new(0),
    });
    let mut flights = JoinSet::new();
    match order.plan {
        Plan::Users { from, to } => {
            people(&state, order, &crowd, (from, to), &mut flights, stop.clone()).await;
        }
        Plan::AtOnce { users } => barrier(&state, order, users, &mut flights, stop.clone()).await,
        Plan::Sequential => {
            crowd.wanted.set(1);
            flights.spawn_local(user(Rc::clone(&state), Rc::clone(&crowd), 1, stop.clone()));
        }
        Plan::Rate { .. } => {}
    }
    stop.drain(&state, flights).await;
}

/// One user, again and again.
async fn user(state: Rc<State>, crowd: Rc<Crowd>, number: u64, mut stop: Stop) {
    let mut picks = None;
    loop {
        let begin = state.now();
        if begin >= stop.moment() || crowd.wanted.get() < number || crowd.left.get() == 0 {
            return;
        }
        crowd.left.set(crowd.left.get() - 1);
        let make = || Box::new(state.random_of_load(crowd.seed, number + 1));
        let action = state.pick(crowd.origin.subject, || picks.get_or_insert_with(make));
        let flight = Flight { origin: crowd.origin, action, user: number, due: begin, now: Some(begin) };
        let mut polls = 0;
        // Its room is free again when the user waits for the next one.
        let landed = {
            let mut iteration = pin!(iteration::run(&state, flight));
            poll_fn(|context| {
                polls += 1;
                iteration.as_mut().poll(context)
            })
            .await
        };
        let next = if landed.answered { begin } else { begin.after(PAUSE_WITHOUT_ANSWER) };
        let next = next.max(landed.rested);
        if next > landed.ended && !stop.reach(&state, next).await {
            return;
        }
        if polls == 1 {
            // An action that waits for nothing must not keep the others from running.
            tokio::task::yield_now().await;
        }
    }
}

/// Lets users come and go so that their number follows the line from one to the other.
async fn people(
    state: &Rc<State>,
    order: &LoadOrder,
    crowd: &Rc<Crowd>,
    (from, to): (u64, u64),
    flights: &mut JoinSet<()>,
    mut stop: Stop,
) {
    let told = stop.clone();
    let join = |number: u64, flights: &mut JoinSet<()>| {
        flights.spawn_local(user(Rc::clone(state), Rc::clone(crowd), number, told.clone()));
    };
    crowd.wanted.set(from);
    (1..=from).for_each(|number| join(number, flights));
    let Some(duration) = order.duration.filter(|duration| from != to && !duration.is_zero()) else {
        return;
    };
    let steps = from.abs_diff(to);
    for step in 1..=steps {
        // Each comes or goes where the line crosses half-way between two whole numbers.
        let due = order.start.after(duration.mul_f64((step as f64 - 0.5) / steps as f64));
        if !stop.reach(state, due).await {
            return;
        }
        while flights.try_join_next().is_some() {}
        if to > from {
            crowd.wanted.set(from + step);
            join(from + step, flights);
        } else {
            crowd.wanted.set(from - step);
        }
    }
}

/// All users together, one iteration each: connections are opened before, then all are let go at one instant.
async fn barrier(
    state: &Rc<State>,
    order: &LoadOrder,
    users: u64,
    flights: &mut JoinSet<()>,
    mut stop: Stop,
) {
    let warm_up = async {
        for target in state.targets(order.subject) {
            if let Some(requester) = state.requester(target) {
                let number = |user| user_number(order.id, user);
                requester.warm_up(number(1)..=number(users)).await;
            }
        }
    };
    let told = stop.moment();
    tokio::select! {
        () = warm_up => {}
        _ = stop.reach(state, told) => return,
    }
    let mut picks = state.random_of_load(order.seed, 1);
    let due = state.now();
    for user in 1..=users {
        let action = state.pick(order.subject, || &mut picks);
        let flight = Flight { origin: order.origin(), action, user, due, now: None };
        let (state, mut stop) = (Rc::clone(state), stop.clone());
        flights.spawn_local(async move {
            let landed = iteration::run(&state, flight).await;
            stop.reach(&state, landed.rested).await;
        });
    }
}
