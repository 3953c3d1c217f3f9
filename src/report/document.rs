//! The report as data: the structure of `report.json`.
//!
//! Fields keep their order and their meaning within one [`Report::version`]; new ones may be added. Times are
//! seconds, those of events counted from the run's start; sizes are bytes.

use crate::event::{Distribution, Evidence, Figure, LedgerSummary, NamedRequest, Verdict};
use indexmap::IndexMap;
use serde::Serialize;

/// Everything a run is judged by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Of this format.
    pub version: u32,
    pub scenario: String,
    /// The scenario's file as it was named.
    pub file: String,
    pub seed: u64,
    /// RFC 3339, UTC.
    pub started: String,
    /// From the run's start to its end, everything included.
    pub duration: f64,
    pub verdict: Verdict,
    /// In the order of the file; then acts and commands that failed, each a missed `expect`.
    pub expectations: Vec<Expectation>,
    pub loads: Vec<Load>,
    /// The first ones of the run; `fault_groups` counts all.
    pub faults: Vec<Fault>,
    /// The first ones of the run; `phase_groups` counts all.
    pub phases: Vec<Phase>,
    pub ledgers: Vec<LedgerSummary>,
    pub notes: Vec<Note>,
    /// The version of soak that ran it.
    pub soak: String,
    /// How long the story took, where the run got to its end.
    pub story: Option<f64>,
    /// Why the run ended before its story did, where it did.
    pub reason: Option<String>,
    pub params: IndexMap<String, String>,
    /// Judgements that were missed: the first of each expectation.
    pub missed: Vec<Missed>,
    /// How long it took to hold, of every `within` that was met.
    pub recoveries: Vec<Recovery>,
    pub fault_groups: Vec<FaultGroup>,
    pub phase_groups: Vec<PhaseGroup>,
    /// Acts and requests of the story.
    pub acts: Vec<ActGroup>,
    pub commands: Vec<CommandGroup>,
    pub processes: Vec<Process>,
    /// What did not go as planned while the run went on.
    pub notices: Vec<Note>,
    pub interruptions: Vec<Interruption>,
    pub omitted: Omitted,
}

/// One expectation of the file, over all its judgements.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expectation {
    pub name: String,
    pub line: u32,
    /// `want`, `expect` or `require`.
    pub severity: String,
    pub verdict: Verdict,
    /// The condition and its qualifier as written.
    pub text: String,
    /// What was asked, in the judgement that `actual` comes from.
    pub target: Option<Figure>,
    /// What was measured, in the worst judgement.
    pub actual: Option<Figure>,
    /// How often it was judged, met, missed, and left open.
    pub judged: u64,
    pub met: u64,
    pub missed: u64,
    pub inconclusive: u64,
    /// The worst judgement of several.
    pub worst: Option<Worst>,
    /// How long it took to hold.
    pub took: Option<Took>,
    /// What the verdict rests on.
    pub evidence: Option<Ground>,
}

/// The judgement that was furthest off, or nearest to it where all were met.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// The value; of a `within` that was met, the time it took.
    pub value: Option<Figure>,
    /// When it was seen.
    pub at: f64,
    /// The phases and passes around it, outermost first.
    pub place: Vec<String>,
}

/// Times that something took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Took {
    pub count: u64,
    pub min: f64,
    pub median: f64,
    pub max: f64,
    /// The first ones.
    pub each: Vec<f64>,
}

/// What the verdict of an expectation rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ground {
    /// When the value that decided it was seen.
    pub decided: Option<f64>,
    /// What went wrong in words, or why there is no verdict.
    pub reason: Option<String>,
    /// The phases and passes around it, outermost first.
    pub place: Vec<String>,
    /// The faults in force.
    pub faults: Vec<String>,
}

/// A judgement that was missed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missed {
    pub name: String,
    pub line: u32,
    pub severity: String,
    pub text: String,
    pub at: f64,
    pub target: Option<Figure>,
    pub actual: Option<Figure>,
    pub reason: Option<String>,
    /// The phases and passes around it, outermost first.
    pub place: Vec<String>,
    /// The faults in force.
    pub faults: Vec<String>,
    /// The rows that `show` asked for.
    pub shown: Vec<String>,
}

/// Recovery times of one `within`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recovery {
    pub name: String,
    pub line: u32,
    pub count: u64,
    pub min: f64,
    pub median: f64,
    pub max: f64,
}

/// The totals of one action or mix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Load {
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
    /// By cause.
    pub errors: IndexMap<String, u64>,
    /// The requests that have a name, each with how long it took by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<NamedRequest>,
    /// How many `load` statements of it were begun.
    pub started: u64,
}

/// A fault that was in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    pub target: String,
    pub verb: String,
    pub line: u32,
    pub due: f64,
    pub applied: f64,
    /// `null` where the record does not tell.
    pub undone: Option<f64>,
    pub asked: String,
    pub measured: Option<String>,
    pub evidence: Option<Evidence>,
}

/// All faults of one statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultGroup {
    pub target: String,
    pub verb: String,
    pub line: u32,
    pub times: u64,
    pub undone: u64,
    /// The time all of them were in force, together.
    pub in_force: f64,
    /// The longest time between being due and being in force.
    pub worst_lateness: f64,
    pub measured: u64,
    pub without_effect: u64,
    pub not_exercised: u64,
}

/// One pass of a phase.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Phase {
    pub name: String,
    pub pass: u64,
    pub start: f64,
    /// `null` where the record does not tell.
    pub end: Option<f64>,
    /// `null` where nothing was judged in it.
    pub verdict: Option<Verdict>,
    pub line: u32,
    pub due: f64,
    /// Whether it ended before all in it had its time.
    pub cut: bool,
    /// The names of the phases around it, outermost first.
    pub within: Vec<String>,
}

/// All passes of one phase.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseGroup {
    pub name: String,
    pub line: u32,
    pub passes: u64,
    pub cut: u64,
    /// The time all passes took together.
    pub time: f64,
    /// The longest time between being due and beginning.
    pub worst_lateness: f64,
    /// The worst of all passes.
    pub verdict: Option<Verdict>,
}

/// All that one act of the story did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActGroup {
    pub target: String,
    pub verb: String,
    pub line: u32,
    pub times: u64,
    pub failed: u64,
    /// What it did the last time, where that could be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<String>,
    /// Why, the first time it failed.
    pub first_failure: Option<String>,
}

/// All that one command did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CommandGroup {
    pub command: String,
    pub line: u32,
    pub times: u64,
    pub failed: u64,
    /// The longest it took.
    pub longest: f64,
    /// Why, the first time it failed.
    pub first_failure: Option<String>,
}

/// The life of one process.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Process {
    pub target: String,
    pub starts: u64,
    pub exits: u64,
    /// Exits that nobody asked for.
    pub unexpected: u64,
    /// How long it took to be ready.
    pub ready: Option<Took>,
    /// The last exit that nobody asked for.
    pub last_unexpected: Option<String>,
}

/// A line that the scenario wrote, or a notice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    pub at: f64,
    pub line: Option<u32>,
    pub text: String,
}

/// A signal that stopped the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interruption {
    pub at: f64,
    pub signal: String,
}

/// How much there was beyond what is told one by one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Omitted {
    pub phases: u64,
    pub faults: u64,
    pub notes: u64,
    pub notices: u64,
    pub missed: u64,
    /// Judgements, acts, commands and loads that found no row.
    pub rows: u64,
    /// Lines of the record that could not be read.
    pub unreadable: u64,
}
