//! One iteration: an action run once for one user, from the moment it was due to what it came to.

mod answered;
mod conversation;
mod course;
mod known;

use super::recorder::{Iteration, Origin, Outcome};
use super::state::State;
use crate::check::scenario::IterationStep;
use crate::lang::expr::ActionId;
use crate::lang::moment::Moment;
use course::Course;
use std::rc::Rc;
use std::time::Duration;

/// What an iteration is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    /// The load's, and what it runs.
    pub origin: Origin,
    /// The load's own, or what was picked from its mix.
    pub action: ActionId,
    pub user: u64,
    pub due: Moment,
    /// The present moment, where it is known already: a look at the clock costs as much as a record.
    pub now: Option<Moment>,
}

/// What the user of an iteration has to know about its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landed {
    /// Whether all went well or at least something was answered.
    pub answered: bool,
    /// When it ended.
    pub ended: Moment,
    /// When the user has thought about it. It was recorded before: nothing that counts comes after it.
    pub rested: Moment,
}

/// Runs one iteration and records it, also when it is dropped before its end.
pub(super) async fn run(state: &Rc<State>, flight: Flight) -> Landed {
    let sequence = state.next_sequence(flight.action);
    let begun = flight.now.unwrap_or_else(|| state.now());
    state.record(|recorder| recorder.started(flight.origin, flight.action, sequence));
    let record = Record { state, flight, begun, ended: false };
    let action = state.given.scenario.action(flight.action);
    let mut course = Course::new(state, flight, sequence, begun);
    let work = action.steps.iter().rposition(|step| !matches!(step, IterationStep::Think { .. }));
    let (work, rest) = action.steps.split_at(work.map_or(0, |last| last + 1));
    // Set apart, because most actions take no rows, and each of many thousand users would have room for it.
    if action.datasets.is_empty() || Box::pin(course.take_rows(&action.datasets)).await {
        course.run(work).await;
    }
    let outcome = match course.failure.take() {
        _ if course.skipped => Outcome::Skipped,
        Some(cause) => Outcome::Failed(cause),
        None => Outcome::Succeeded,
    };
    let answered = course.answered || outcome == Outcome::Succeeded;
    let ended = course.seen.unwrap_or_else(|| state.now());
    record.end(outcome, course.thought, course.bytes, ended);
    let rest = if course.skipped { &[] } else { rest };
    let rested = rest.iter().fold(ended, |until, step| until.after(course.pause(step)));
    Landed { answered, ended, rested }
}

/// Sees to it that an iteration which is cut is counted as such.
struct Record<'a> {
    state: &'a State,
    flight: Flight,
    begun: Moment,
    ended: bool,
}

impl Record<'_> {
    fn end(mut self, outcome: Outcome, thought: Duration, bytes: u64, ended: Moment) {
        self.ended = true;
        self.tell(outcome, thought, bytes, ended);
    }

    fn tell(&self, outcome: Outcome, thought: Duration, bytes: u64, ended: Moment) {
        let iteration = Iteration {
            action: self.flight.action,
            outcome,
            latency: ended.since(self.flight.due).saturating_sub(thought),
            service_time: ended.since(self.begun).saturating_sub(thought),
            lateness: self.begun.since(self.flight.due),
            bytes,
            ended,
        };
        self.state.record(|recorder| recorder.ended(self.flight.origin, &iteration));
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(Outcome::Cut, Duration::ZERO, 0, self.state.now());
        }
    }
}

/// What a target knows a user by: one number for each user of each load.
pub(super) fn user_number(load: u64, user: u64) -> u64 {
    (load + 1) << 32 | user
}
