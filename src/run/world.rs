//! The seam between the interpreter and everything that is not it.
//!
//! The interpreter gives orders and is told what happens; it never waits inside one. Each order carries a
//! [`Ticket`], and the world answers it once, as an [`Observation::Answered`] among everything else it has to
//! tell. A real world starts a task for each order and puts what it hears into one channel; the pretended one
//! ([`super::pretend`]) answers from a table on a clock of its own.

use crate::check::scenario::LoadSubject;
pub use crate::event::control::Signal;
use crate::event::{EventKind, Evidence};
use crate::lang::call::{Call, Turn};
use crate::lang::eval::NoValue;
use crate::lang::expr::CurveId;
use crate::lang::expr::{IterationWord, SeriesId, TargetId};
use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::lang::quantity::Quantity;
use crate::lang::value::Value;
use crate::measure::Window;
use futures_util::future::LocalBoxFuture;
use std::time::Duration;

/// Names an order, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The number of a fault: an override, or an act that is held. Unique within the run.
pub type FaultId = u64;

/// The number of a load. Unique within the run.
pub type LoadId = u64;

/// What a run happens in.
pub trait World {
    /// The present moment of the run's time line.
    fn now(&self) -> Moment;

    /// Carries an order out. It must not block; the answer comes from [`World::next`], also where the order
    /// could not be carried out. Orders for one property of a target, and for one held act, take effect in the
    /// order in which they are given. Whatever must be undone is recorded before it is done.
    fn order(&mut self, ticket: Ticket, order: Order);

    /// The next thing that happened, or `None` once `until` has come. What has happened comes before the clock:
    /// as long as there is something to tell, it is told even where `until` has passed.
    fn next(&mut self, until: Moment) -> LocalBoxFuture<'_, Option<Observation>>;

    /// How a series is kept up to date.
    fn sampling(&self, series: SeriesId) -> Sampling;

    /// A value of a series that the world keeps itself ([`Sampling::Kept`]).
    fn read(&mut self, series: SeriesId, aggregate: Aggregate, window: Window) -> Result<Value, NoValue>;

    /// Keeps `at` as an exact edge of windows over a series the world keeps itself.
    fn pin(&mut self, series: SeriesId, at: Moment);

    /// Takes back one [`World::pin`].
    fn unpin(&mut self, series: SeriesId, at: Moment);

    /// Why nothing may be concluded from a series in a window, where that is so: a generator that fell behind, a source
    /// of a ledger that was away.
    fn doubt(&mut self, series: SeriesId, window: Window) -> Option<String>;
}

/// How a series is kept up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// The interpreter asks for a sample on the series' own grid.
    Polled,
    /// The world tells of every change; a sample asked for is answered with what is known by then.
    Pushed,
    /// The world keeps it and answers [`World::read`]; it tells [`Observation::Changed`] when it has.
    Kept,
    /// It has no values in this world.
    Never,
}

/// What the world is asked to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Start what is declared, in the order of the file, each waiting until it is ready. Answer: done.
    Prepare,
    /// Put a property of a target into a state; without one, back to what was declared. The answer tells of the
    /// effect that the state before it had.
    Set { target: TargetId, property: &'static str, state: Option<State> },
    /// Do something once, or, where it has a number, do it and hold it until it is released.
    Act { target: TargetId, call: Call, held: Option<FaultId> },
    /// Let go of a held act. It must do no harm where the act had failed or is still on its way.
    Release { target: TargetId, call: Call, held: FaultId },
    /// Ask and be answered.
    Request { target: TargetId, call: Call, conversation: Vec<Turn> },
    /// Answered when the load has been set up; [`Observation::LoadEnded`] follows in any case, also after a
    /// failure.
    StartLoad(Box<LoadOrder>),
    /// From `at` on nothing more is due. What is in flight has the grace of [`super::LOAD_GRACE`], then
    /// [`Observation::LoadEnded`] comes. What ends in the grace belongs to the load's own time, before `at`.
    StopLoad { load: LoadId, at: Moment },
    /// Run a command, given as words; end it at its timeout.
    Run { words: Vec<String>, timeout: Duration },
    /// End a command that [`Order::Run`] started; nothing is answered where it has ended.
    EndRun { run: Ticket },
    /// A fresh sample of a series; of a pushed or kept one, everything up to now is taken in first. The answer
    /// comes after the [`Observation::Recorded`] that belong to it.
    Sample { series: SeriesId },
    /// The rows of a query.
    Show { target: TargetId, query: String },
    /// Stop what [`Order::Prepare`] and the story started, newest first. Answer: done. It may come while targets
    /// are still being started, which is then given up.
    StopAll,
    /// Everything has stopped: the totals of loads and ledgers are wanted.
    Summarize,
}

/// The state a property is put into, and the fault whose state it is.
#[derive(Clone, Debug)]
pub struct State {
    pub fault: FaultId,
    pub call: Call,
}

/// A load, with every value known.
#[derive(Clone, Debug)]
pub struct LoadOrder {
    pub load: LoadId,
    pub subject: LoadSubject,
    pub arrival: LoadArrival,
    /// So many iterations in all.
    pub times: Option<u64>,
    /// When the first iteration is due, or the rate begins to be counted.
    pub start: Moment,
    /// When it ends by itself; without one, when it is stopped or has done its `times`.
    pub end: Option<Moment>,
    /// The seed of this load's own random choices.
    pub seed: u64,
}

/// When iterations are due. A ramp spans the time from the load's start to its end.
#[derive(Clone, Debug)]
pub enum LoadArrival {
    Rate {
        rate: Quantity,
        to: Option<Quantity>,
        poisson: bool,
        max_users: Option<u64>,
        /// The curve that scales the rate, and the time it spans, again and again.
        shaped: Option<(CurveId, Duration)>,
    },
    Users {
        users: u64,
        to: Option<u64>,
    },
    AtOnce {
        users: u64,
    },
    Sequential,
}

/// What the world tells.
#[derive(Clone, Debug)]
pub enum Observation {
    /// An order was carried out, or could not be.
    Answered { ticket: Ticket, at: Moment, answer: Result<Answer, String> },
    /// A series has a new value, taken at `at`. Values of one series come in the order of their moments, as far
    /// as they can.
    Recorded { series: SeriesId, at: Moment, record: Record },
    /// A series the world keeps itself has changed.
    Changed { series: SeriesId, at: Moment },
    /// What a target's readings measure has begun anew: no slope is formed across this moment.
    Restarted { target: TargetId, at: Moment },
    /// What a load asks for has changed. Told where loads are not carried out.
    RateChanged { load: LoadId, at: Moment, change: RateChange },
    /// The last iteration of a load has ended.
    LoadEnded { load: LoadId, at: Moment },
    /// Something the report shows: a process that started, became ready, exited.
    Told { at: Moment, event: EventKind },
    /// A signal to stop.
    Interrupted { signal: Signal },
}

/// What a load asks for from one moment on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateChange {
    /// Iterations due per second, or how many users go on at once.
    pub rate: Option<f64>,
    pub users: Option<u64>,
    /// Where that comes to in a straight line, and when.
    pub towards: Option<(f64, Moment)>,
    /// How many iterations were due before, and whether that is an expectation.
    pub due: Option<u64>,
    pub about: bool,
}

/// A new value of a series.
#[derive(Clone, Debug)]
pub enum Record {
    /// A sample, a reading of a running total, a value of a distribution, a state.
    Value(Value),
    /// A counter grew by so much.
    Grew(f64),
    /// Many values of a distribution at once, each with its moment, in base units. What depends on them is judged
    /// once, at the moment of the observation.
    Numbers(Vec<(Moment, f64)>),
    /// Many values of a distribution at once, in units of so many base units.
    Values(Box<hdrhistogram::Histogram<u64>>, f64),
    /// It has none now, and why.
    Nothing(NoValue),
}

/// What came of an order.
#[derive(Clone, Debug)]
pub enum Answer {
    Done,
    /// Of [`Order::Act`] of something whose effect can be seen at once: what it did.
    Did(String),
    /// Of [`Order::Set`]: the effect of the state that was in force before.
    Set(Option<Effect>),
    /// The same, where the new state was in force before the answer was there.
    SetSince(Option<Effect>, Moment),
    /// Of [`Order::Release`]: the effect of the act while it was held.
    Released(Effect),
    /// Of [`Order::Request`]: what the answer brought. Of a conversation, what each message brought that was waited for,
    /// in their order.
    Replied(Vec<Vec<(IterationWord, Value)>>),
    /// Of [`Order::Run`]: the exit code; none where a signal ended it.
    Exited(Option<i32>),
    /// Of [`Order::Show`].
    Rows(Vec<String>),
    /// Of [`Order::Summarize`].
    Summaries(Vec<EventKind>),
}

/// What is known of the effect of a fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    pub measured: Option<String>,
    pub evidence: Evidence,
}
