//! The interpreter: scopes and overrides, schedule, events, cancellation.
//!
//! It owns the run. Everything else (targets, loads, probes, the clock) stands behind [`world::World`] and is
//! spoken to by orders and observations only, so that a scenario of seven days runs on a pretended clock in a
//! moment, by the same code that runs it for real.
//!
//! It is one state machine without a task of its own: [`run`] takes in what the world tells, lets every strand
//! of the story that can go on do so, and asks the world to wait for the next thing. What is due at one instant
//! happens in the order that [`timers`] states.

mod blocks;
mod ending;
mod faults;
mod filter;
mod interpreter;
mod judging;
mod loads;
mod loops;
mod mask;
mod measurements;
mod overrides;
pub mod pretend;
mod random;
mod rates;
pub mod real;
mod rehearsal;
mod scope;
mod stages;
mod story;
mod strand;
mod surroundings;
mod tell;
mod timers;
mod verdicts;
mod watch;
pub mod world;

pub use interpreter::run;
pub use rehearsal::rehearse;

use crate::event::Verdict;
use crate::run::world::Signal;
use std::time::Duration;

/// What is in flight when a load stops has so long to end, beside what follows.
pub const LOAD_GRACE: Duration = Duration::from_secs(5);

/// `cleanup` may take so long in all.
pub const CLEANUP_LIMIT: Duration = Duration::from_secs(300);

/// A `run` without a timeout of its own is ended after so long.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(600);

/// What a run is told beside its scenario.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// From which every random choice comes.
    pub seed: u64,
    /// The scenario's file as it was named.
    pub file: String,
    /// The wall clock at the start, RFC 3339.
    pub started: String,
    /// The folder of this run's own.
    pub scratch: String,
    /// The texts of the scenario's secrets, in their order.
    pub secrets: Vec<String>,
    /// Only phases of these names, what is in them and what is around them.
    pub only: Vec<String>,
    /// No phases of these names.
    pub skip: Vec<String>,
    /// Statements are told and conditions are not looked at ([`rehearse`]).
    pub rehearsal: bool,
}

/// How a run came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub verdict: Verdict,
    pub ending: Ending,
}

/// Why a run came to its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// The story was over.
    Finished,
    /// A `require` was missed: its name.
    Required(String),
    Interrupted(Signal),
    /// It could not be carried out, and why.
    Failed(String),
}

impl Outcome {
    /// The exit code of `soak run`; where `strict`, a warning is a failure.
    pub fn exit_code(&self, strict: bool) -> u8 {
        match (&self.ending, self.verdict) {
            (Ending::Interrupted(Signal::Interrupt), _) => 130,
            (Ending::Interrupted(Signal::Terminate), _) => 143,
            (Ending::Failed(_), _) => 3,
            (_, Verdict::Pass) => 0,
            (_, Verdict::Warn) => u8::from(strict),
            (_, Verdict::Inconclusive | Verdict::Fail) => 1,
        }
    }
}
