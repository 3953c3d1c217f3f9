//! What happens in a run, as the one stream it hands out.
//!
//! The record on disk is these events, one JSON object a line; the terminal, every report and a later
//! re-judging are functions of them. Times are seconds since the run began; places are lines of the
//! scenario. No event carries a secret: texts are masked before they become part of one.

pub mod control;

use serde::{Deserialize, Serialize};

/// The version of the event stream and of `report.json`.
pub const VERSION: u32 = 1;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Seconds since the run began.
    pub at: f64,
    /// How many blocks stand around the statement it tells of. Told by a rehearsal only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// Something that happened in a run.
    pub fn new(at: f64, kind: EventKind) -> Event {
        Event { at, depth: None, kind }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    RunStarted(RunStarted),
    RunEnded(RunEnded),
    /// Setup, start of the targets, story, stop of the targets, cleanup.
    StageStarted {
        stage: Stage,
    },
    PhaseStarted(PhaseStarted),
    PhaseEnded(PhaseEnded),
    /// A pass of a loop began. Only the first hundred of a loop and then every hundredth are told.
    PassStarted {
        line: u32,
        pass: u64,
    },
    FaultApplied(FaultApplied),
    FaultUndone(FaultUndone),
    /// An act that happens once: a kill, a query, a request of the story.
    Acted(Acted),
    LoadStarted {
        load: u64,
        name: String,
        line: u32,
        text: String,
    },
    LoadEnded {
        load: u64,
        name: String,
        line: u32,
    },
    /// The total of one action or mix, at the end of the run.
    LoadSummary(Box<LoadSummary>),
    LedgerSummary(LedgerSummary),
    ProcessStarted {
        target: String,
        pid: u32,
        /// It was started by somebody else, and found.
        #[serde(default)]
        found: bool,
    },
    ProcessReady {
        target: String,
        took: f64,
    },
    ProcessExited {
        target: String,
        code: Option<i32>,
        signal: Option<i32>,
        expected: bool,
    },
    Judged(Judged),
    /// The rows that `show` asked for when its expectation was missed.
    Shown {
        line: u32,
        rows: Vec<String>,
    },
    Command(Command),
    /// Something did not go as planned, and the run went on: a skipped pass, a late `at`, lost lines.
    Noticed {
        line: Option<u32>,
        text: String,
    },
    /// `note "…"`
    Note {
        line: u32,
        text: String,
    },
    Interrupted {
        signal: String,
    },
    /// In a rehearsal: a statement that no other event tells of, such as a wait or a block.
    Step {
        line: u32,
        text: String,
    },
    /// In a rehearsal: an expectation was reached. It is not judged.
    Expected(Planned),
    /// In a rehearsal: what a load asks for changes.
    LoadRate(LoadRate),
    /// The end of a rehearsal.
    Rehearsed(Rehearsed),
}

/// A stretch of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Setup,
    Start,
    Story,
    Stop,
    Cleanup,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    pub version: u32,
    /// The version of soak.
    pub soak: String,
    pub scenario: String,
    /// The scenario's file as it was named.
    pub file: String,
    pub seed: u64,
    /// RFC 3339, UTC; nothing in a rehearsal, which is the same whenever it is made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub started: String,
    /// Parameters with the values they have in this run, as text.
    pub params: Vec<(String, String)>,
    /// Every expectation of the file, so that one which was never reached is told too.
    pub expectations: Vec<Planned>,
}

/// An expectation as it stands in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    pub name: String,
    pub line: u32,
    pub demand: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEnded {
    pub verdict: Verdict,
    /// Seconds, as planned time: without setup, start, stop and cleanup.
    pub story: f64,
    /// Why the run stopped before its end, where it did.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseStarted {
    /// Unique within the run.
    pub phase: u64,
    pub name: String,
    pub line: u32,
    /// Which time this phase runs, from 1.
    pub pass: u64,
    /// The phase around it.
    pub parent: Option<u64>,
    /// When it was due.
    pub due: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseEnded {
    pub phase: u64,
    pub name: String,
    /// Whether it ended before all in it had its time.
    pub cut: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultApplied {
    /// Unique within the run.
    pub fault: u64,
    pub target: String,
    pub verb: String,
    pub line: u32,
    /// What was asked, as the scenario says it, with every value drawn.
    pub asked: String,
    pub due: f64,
    /// When it was in force.
    pub applied: f64,
    /// How long it was asked to last, in seconds; without one until its block ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultUndone {
    pub fault: u64,
    pub undone: f64,
    /// What it did, as text; `None` where nothing could be measured.
    pub measured: Option<String>,
    pub evidence: Evidence,
}

/// What is known of a fault's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// It did what was asked.
    Measured,
    /// It was asked for and had no effect: its phase is inconclusive.
    None,
    /// No traffic, or shorter than a probe.
    NotExercised,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acted {
    pub target: String,
    pub verb: String,
    pub line: u32,
    pub asked: String,
    pub due: f64,
    /// What it did, where that could be seen.
    #[serde(default)]
    pub measured: Option<String>,
    /// Why it failed, where it did; that counts as a missed `expect`.
    pub failed: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    pub line: u32,
    pub command: String,
    pub took: f64,
    /// What it exited with. Without one and without a failure it was cut with its block.
    pub code: Option<i32>,
    pub failed: Option<String>,
}

impl Command {
    /// Whether the end of its block ended it, before it had decided anything.
    pub fn was_cut(&self) -> bool {
        self.code.is_none() && self.failed.is_none()
    }
}

/// A judgement of one expectation, in one pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub name: String,
    pub line: u32,
    pub demand: String,
    pub verdict: Verdict,
    /// The condition and its qualifier as written.
    pub text: String,
    /// What was asked: the side of the comparison that is no measurement, where there is one.
    pub target: Option<Figure>,
    /// What was measured: the value that decided it.
    pub actual: Option<Figure>,
    /// How long it took to hold, of `within`; seconds.
    pub took: Option<f64>,
    /// When the value that decided it was seen.
    pub decided: f64,
    /// Why there is no verdict, where it is inconclusive; else what went wrong in words.
    pub reason: Option<String>,
    /// The phases and passes around it, outermost first: `Flapping`, `pass 3`.
    pub place: Vec<String>,
    /// The innermost phase's number.
    pub phase: Option<u64>,
    /// Faults in force when it was decided, as the scenario says them.
    pub faults: Vec<String>,
}

/// A value as people read it and as programs do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// With its unit: `4.2s`, `99.7%`.
    pub text: String,
    /// In base units, where it is a number.
    pub number: Option<f64>,
    /// The base unit: `s`, `B`, `/s`, `B/s`, or nothing.
    pub unit: String,
}

/// How something came out. The order is from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Pass,
    Warn,
    Inconclusive,
    Fail,
}

/// What a load asks for from one moment on. Its end asks for nothing more and tells the whole number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadRate {
    pub load: u64,
    pub name: String,
    pub line: u32,
    /// Iterations due per second, of a load with a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// How many users go on at once, of a load with users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<u64>,
    /// Where the rate or the users come to in a straight line, and when (seconds since the run began).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<f64>,
    /// How many iterations were due before; `None` where the file does not fix it.
    pub due: Option<u64>,
    /// Whether that is an expectation, of random gaps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub about: bool,
}

/// What a rehearsal came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rehearsed {
    pub seed: u64,
    /// Seconds, of setup, story and cleanup on the shortest course.
    pub duration: f64,
    /// How many events there were before this one.
    pub events: u64,
    pub faults: u64,
    /// By what is loaded, in the order of the story.
    pub iterations: Vec<Iterations>,
    /// Why it stopped before its end, where it did.
    pub reason: Option<String>,
}

/// How many iterations of one action or mix a rehearsal came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Iterations {
    pub name: String,
    /// `None` where the file does not fix it.
    pub due: Option<u64>,
    /// Whether that is an expectation, of random gaps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub about: bool,
}

/// The total of one action or mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadSummary {
    pub name: String,
    pub count: u64,
    pub failed: u64,
    pub dropped: u64,
    pub skipped: u64,
    pub cut: u64,
    /// Ended iterations per second of the time a load of it ran.
    pub rate: f64,
    pub latency: Option<Distribution>,
    pub service_time: Option<Distribution>,
    pub lateness: Option<Distribution>,
    /// How often each cause of an error came.
    pub errors: Vec<(String, u64)>,
    /// The requests that have a name, each with how long it took by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<NamedRequest>,
}

/// A request of an action that has a name: `api get "/items" as list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedRequest {
    pub name: String,
    /// How often it succeeded.
    pub count: u64,
    /// From its sending to its answer.
    pub took: Distribution,
}

/// Seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    pub min: f64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// The account of one ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerSummary {
    pub name: String,
    /// Where it received from, as the scenario writes it.
    #[serde(default)]
    pub sources: Vec<String>,
    pub sent: u64,
    pub received: u64,
    pub lost: Account,
    pub duplicated: Account,
    pub unexpected: Account,
    pub altered: Account,
}

/// How many, and the first hundred keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub count: u64,
    pub keys: Vec<String>,
}
