//! What a scenario will do, known before it runs: how long it takes, what it sends, what it touches.
//!
//! Two courses are followed at once. The **shortest** takes the low end of every range, every expectation
//! holds at once, and whatever is waited for is there; step times are its times. The **longest** takes high ends, and
//! every deadline, timeout and grace runs out; only its lengths are told. What limits neither is unbounded.
//!
//! Nothing here starts a process, opens a connection or reads a file.

mod amount;
mod arrivals;
mod blocks;
mod draft;
mod frame;
mod json;
mod known;
mod label;
mod loops;
mod rows;
mod svg;
mod text;
mod told;
mod touches;
mod undo;
mod walk;

pub use amount::Count;
pub use json::json;
pub use svg::svg;
pub use text::{Style, text};
pub use touches::{Fault, Touch, TouchKind, Touches};
pub use undo::undo;

use crate::check::scenario::{LoadSubject, Scenario};
use crate::source::Sources;
use std::time::Duration;

/// So many statements are followed; `for each` and sequences inside each other can ask for more than anyone waits for.
pub const MAX_FOLLOWED: u32 = 1_000_000;
/// So many steps are kept; more are counted.
pub const MAX_STEPS: usize = 10_000;
/// So many passes of a `for each` are kept as steps; the others are counted.
pub const MAX_PASSES_KEPT: usize = 100;
/// Passes of an `every`, and of an endless loop whose passes take no time, begin so far apart at least, so that time
/// goes on.
pub const LEAST_PASS: Duration = Duration::from_millis(10);
/// So deep may blocks and sequences stand in each other.
pub const MAX_DEPTH: usize = 200;

/// The plan of a scenario.
#[derive(Debug)]
pub struct Plan {
    /// The scenario's title.
    pub title: String,
    /// The scenario's file as it was named.
    pub file: String,
    /// Parameters with the values they have here, and whether the command line gave them.
    pub params: Vec<(String, String, bool)>,
    /// The whole of the shortest course: setup, story and cleanup. `None` where there is too much to follow, or it is over 584 years.
    pub duration: Option<Duration>,
    /// The whole of the longest course, with the start and the stop of the processes; `None` where it is unbounded.
    pub duration_max: Option<Duration>,
    /// What is sent.
    pub sent: Sent,
    /// What is touched.
    pub touches: Touches,
    /// Setup, the story, and cleanup.
    pub steps: Vec<Step>,
    /// How many steps are not kept.
    pub steps_left_out: u64,
}

/// Iterations, in all and apart.
#[derive(Debug, Default)]
pub struct Sent {
    /// Of all loads.
    pub total: Count,
    /// Of each action or mix that a `load` names, in the order of the story.
    pub loads: Vec<(String, Count)>,
    /// Of each action, alone or as its share of a mix, which is an expectation.
    pub actions: Vec<(String, Count)>,
}

/// A statement of the story at its time.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is.
    pub kind: StepKind,
    /// What it does, with the values known before the run.
    pub text: String,
    /// Where it stands (from 1), and in which of the scenario's files.
    pub line: u32,
    /// The file, where it is not the scenario's own.
    pub file: Option<String>,
    /// On the shortest course, since the start of the whole.
    pub start: Duration,
    /// On the shortest course. What is inside a loop tells its first pass.
    pub end: Duration,
    /// How long it takes at most; `None` where that is unbounded.
    pub longest: Option<Duration>,
    /// Whether the next statement starts while it goes on.
    pub background: bool,
    /// Of a loop, how often its steps are gone through.
    pub passes: Option<Count>,
    /// Of a load, its iterations here: in one pass of the loops around it.
    pub iterations: Option<Count>,
    /// Of a load with a rate or with users, how much it asks for over its time.
    pub shape: Option<Shape>,
    /// Of a fault or another override, how it is undone.
    pub undo: Option<String>,
    /// What stands in it.
    pub steps: Vec<Step>,
}

/// How much a load asks for over its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What is loaded.
    pub name: String,
    pub unit: ShapeUnit,
    /// Evenly over its time; one where it never changes.
    pub levels: Vec<f64>,
    /// Whether the gaps between arrivals are random.
    pub random: bool,
}

/// What a load asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShapeUnit {
    /// Iterations per second.
    Rate,
    /// Users at once.
    Users,
}

/// The kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The block before the processes start.
    Setup,
    /// The block after they stopped.
    Cleanup,
    /// A named block.
    Phase,
    /// `repeat`, `for each` and `every`.
    Loop,
    /// `parallel`, braces, `at`, a sequence.
    Block,
    /// One of several, by weight.
    Choice,
    /// A load.
    Load,
    /// Harm done to a target.
    Fault,
    /// Anything else a target is told.
    Tell,
    /// An expectation.
    Expect,
    /// A wait.
    Wait,
    /// A command.
    Run,
    /// A line in the report.
    Note,
}

impl StepKind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            StepKind::Setup => "setup",
            StepKind::Cleanup => "cleanup",
            StepKind::Phase => "phase",
            StepKind::Loop => "loop",
            StepKind::Block => "block",
            StepKind::Choice => "choice",
            StepKind::Load => "load",
            StepKind::Fault => "fault",
            StepKind::Tell => "tell",
            StepKind::Expect => "expect",
            StepKind::Wait => "wait",
            StepKind::Run => "run",
            StepKind::Note => "note",
        }
    }
}

/// How long an iteration of an action or mix takes at least.
pub fn shortest_iteration(scenario: &Scenario, sources: &Sources, subject: LoadSubject) -> Duration {
    let known = known::Known::new(scenario, sources);
    Duration::from_nanos(told::iteration(&known, subject).least)
}

/// A time that was not too long to be counted: 64 bits of nanoseconds are 584 years.
fn known(nanos: Option<u64>) -> Option<Duration> {
    nanos.filter(|nanos| *nanos < u64::MAX).map(Duration::from_nanos)
}

/// The plan of a checked scenario.
pub fn plan(scenario: &Scenario, sources: &Sources) -> Plan {
    let followed = walk::follow(scenario, sources);
    let params = scenario.params.iter().map(|param| {
        let value = param
            .value
            .constant()
            .map_or_else(|| known::one_line(sources.text(param.value.span)), |value| value.to_string());
        (param.name.clone(), value, param.overridden)
    });
    Plan {
        title: scenario.title.clone(),
        file: sources.files().first().map_or_else(String::new, |file| file.name().to_string()),
        params: params.collect(),
        duration: known(followed.complete.then_some(followed.taken.least)),
        duration_max: known(followed.taken.most.filter(|_| followed.complete)),
        sent: followed.tally.sent(scenario, followed.complete),
        touches: touches::touches(scenario, sources),
        steps: followed.steps,
        steps_left_out: followed.left_out,
    }
}
