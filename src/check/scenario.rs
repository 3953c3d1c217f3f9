//! A scenario that has been checked: every name resolved, every type known, nothing left to look up.
//!
//! `plan` and `run` work on this tree. Declarations stand in lists and are referred to by index.

use crate::lang::expr::{
    ActionId, CurveId, DatasetId, ExpectationId, Expr, LedgerId, MixId, SecretId, SequenceId, SeriesId,
    TargetId, VariableId,
};
use crate::lang::function::SourceSignature;
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Kind, Parameter, Reading, Verb};
use crate::lang::types::Shape;
use crate::source::Span;
use std::time::Duration;

/// A checked scenario.
#[derive(Debug, Default)]
pub struct Scenario {
    /// From `scenario "…"`; the file's name where there is none.
    pub title: String,
    /// In the order of the file, with the values given on the command line.
    pub params: Vec<Param>,
    /// In the order of the file.
    pub secrets: Vec<Secret>,
    pub permits: Permits,
    /// In the order of the file; the machine, where it is used, is among them.
    pub targets: Vec<Target>,
    pub actions: Vec<Action>,
    pub mixes: Vec<Mix>,
    pub curves: Vec<Curve>,
    pub datasets: Vec<Dataset>,
    pub ledgers: Vec<Ledger>,
    /// Every series that anything reads, each once.
    pub series: Vec<Series>,
    pub sequences: Vec<Sequence>,
    /// The names that blocks bind, for messages.
    pub variables: Vec<String>,
    /// Every expectation in the order of the file.
    pub expectations: Vec<Expectation>,
    pub setup: Vec<Block>,
    pub story: Block,
    pub cleanup: Vec<Block>,
}

/// A parameter with the value it has in this run.
#[derive(Debug)]
pub struct Param {
    pub name: String,
    pub value: Expr,
    pub about: Option<String>,
    /// Whether the command line gave it.
    pub overridden: bool,
    pub span: Span,
}

/// A secret: its name and the environment variable that holds it.
#[derive(Debug)]
pub struct Secret {
    pub name: String,
    pub variable: String,
    pub span: Span,
}

/// What the file allows beyond what soak made and loopback.
#[derive(Debug, Default)]
pub struct Permits {
    /// Hosts that load may go to.
    pub load: Vec<(String, Span)>,
    /// Targets that faults may be done to.
    pub fault: Vec<(TargetId, Span)>,
    /// SSH sessions too may be met by faults of the interface that they come over.
    pub sessions: Option<Span>,
}

/// A declared target, or the machine.
#[derive(Debug)]
pub struct Target {
    pub kind: &'static Kind,
    pub name: String,
    pub settings: Vec<Argument>,
    /// Of its name.
    pub span: Span,
}

/// A setting of a target or an argument of a verb.
#[derive(Debug)]
pub struct Argument {
    pub parameter: &'static Parameter,
    pub values: Vec<Argued>,
    /// Of the whole argument, its word included.
    pub span: Span,
}

/// One value of an argument.
#[derive(Debug)]
pub enum Argued {
    /// An expression. Of a command line, each interpolation must stay one word.
    Value(Expr),
    /// A word from a fixed choice or of the user's own.
    Word(String),
    /// The name of a target.
    Target(TargetId),
    /// How readiness is told: the name of a probe function and what it takes.
    Probe(&'static str, Expr),
}

/// What one iteration does.
#[derive(Debug)]
pub struct Action {
    pub name: String,
    pub steps: Vec<IterationStep>,
    /// The captures it may make, in the order they first stand.
    pub captures: Vec<String>,
    /// The datasets it takes a row of.
    pub datasets: Vec<DatasetId>,
    pub span: Span,
}

impl Action {
    /// What its targets are told, in the order of its lines.
    pub fn tells(&self) -> impl Iterator<Item = &Tell> {
        self.steps.iter().filter_map(|step| match step {
            IterationStep::Tell { tell, .. } => Some(tell),
            _ => None,
        })
    }
}

/// A line of an action.
#[derive(Debug)]
pub enum IterationStep {
    /// A request, a write, a line sent: with the checks and captures on its answer.
    Tell {
        tell: Tell,
        answer: Vec<IterationStep>,
    },
    Check {
        condition: Expr,
        span: Span,
    },
    /// Into the action's capture of that index. What is not there is not captured, and no error.
    Capture {
        capture: usize,
        value: Expr,
        span: Span,
    },
    Think {
        duration: Expr,
        span: Span,
    },
}

/// A weighted mix of actions.
#[derive(Debug)]
pub struct Mix {
    pub name: String,
    /// Shares; they add up to 1.
    pub parts: Vec<(f64, ActionId)>,
    pub span: Span,
}

/// Straight lines between points.
#[derive(Clone, Debug)]
pub struct Curve {
    pub name: String,
    /// Share of the curve's length (0 to 1) and level; two points at one time are a step.
    pub points: Vec<(f64, f64)>,
    pub span: Span,
}

#[derive(Debug)]
pub struct Dataset {
    pub name: String,
    pub file: Expr,
    pub order: DatasetOrder,
    /// Where the file could be read.
    pub columns: Vec<String>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatasetOrder {
    Random,
    Sequential,
    Once,
}

#[derive(Debug)]
pub struct Ledger {
    pub name: String,
    pub sent: Vec<LedgerSent>,
    pub received: Vec<LedgerReceived>,
    pub span: Span,
}

/// A key that counts as sent once its step has succeeded.
#[derive(Debug)]
pub struct LedgerSent {
    pub action: ActionId,
    pub key: LedgerKey,
    /// The value that must arrive unchanged.
    pub value: Option<LedgerKey>,
    pub span: Span,
}

/// What of an action is a key or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerKey {
    /// A capture, by index.
    Capture(usize),
    /// `action.seq`
    Seq,
    /// `action.path`: the path that its write made, relative to the disk's folder.
    Path,
}

/// Where items of a ledger arrive.
#[derive(Debug)]
pub struct LedgerReceived {
    pub from: ReceivedFrom,
    pub span: Span,
}

/// What is looked at for items, and how they are known.
#[derive(Debug)]
pub enum ReceivedFrom {
    /// Files that are finished: a glob, and an expression for their paths.
    Files { glob: Expr, key: Expr },
    /// New lines: of files or of a process, and an expression.
    Lines { of: SourceValue, key: Expr },
    /// Rows of a query, the first column their key, the second their value.
    Rows {
        database: TargetId,
        query: Expr,
        /// A column that only grows.
        growing: Option<Expr>,
    },
    /// What a JSONPath finds in a file or in what a URL answers.
    Items { document: Expr, items: Expr, key: Option<Expr>, value: Option<Expr> },
    /// Messages of a broker's topic or of a WebSocket, which has none.
    Messages { target: TargetId, topic: Option<Expr>, known: KnownBy },
}

impl ReceivedFrom {
    /// As the source is called.
    pub fn name(&self) -> &'static str {
        match self {
            ReceivedFrom::Files { .. } => "files",
            ReceivedFrom::Lines { .. } => "lines",
            ReceivedFrom::Rows { .. } => "sql",
            ReceivedFrom::Items { .. } => "json",
            ReceivedFrom::Messages { .. } => "messages",
        }
    }
}

/// How the key and the value of an item are found in a message.
#[derive(Debug)]
pub enum KnownBy {
    /// The groups of an expression.
    Groups(Expr),
    /// JSONPaths.
    Paths { key: Expr, value: Option<Expr> },
}

/// An argument of a source.
#[derive(Clone, Debug)]
pub enum SourceValue {
    Value(Expr),
    /// The output of a process.
    Log(TargetId),
    /// A database.
    Target(TargetId),
}

/// A measured series.
#[derive(Debug)]
pub struct Series {
    /// As the scenario calls it: `uploader.rss`, `queue`, `lines("…")`.
    pub name: String,
    pub origin: Origin,
    pub shape: Shape,
    pub dimension: Dimension,
    pub percent: bool,
    /// How often it is sampled, where it is.
    pub every: Duration,
    pub span: Span,
}

/// Where a series comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A reading of a target.
    Target { target: TargetId, reading: &'static Reading, arguments: Vec<Expr> },
    /// A reading of an action or of a mix, by name. `success` and `errors` are not among them: the checker
    /// writes them as quotients of `failed` and `count`, and `rate` as the rate of `count`.
    Load { subject: LoadSubject, reading: &'static str },
    /// A capture of an action.
    Capture { action: ActionId, capture: usize },
    /// A reading of a ledger, by name.
    Ledger { ledger: LedgerId, reading: &'static str },
    /// A source.
    Source { source: &'static SourceSignature, arguments: Vec<SourceValue> },
    /// A metric composed of others, evaluated at each sample.
    Derived(Expr),
}

/// What a load runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadSubject {
    Action(ActionId),
    Mix(MixId),
}

#[derive(Debug)]
pub struct Sequence {
    pub name: String,
    pub parameters: Vec<VariableId>,
    pub body: Block,
    pub span: Span,
}

/// Statements that begin and end together.
#[derive(Debug, Default)]
pub struct Block {
    pub steps: Vec<Step>,
    pub span: Span,
}

/// A statement of the story.
#[derive(Debug)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
}

#[derive(Debug)]
pub enum StepKind {
    Tell(Tell),
    Load(Box<Load>),
    Expect(ExpectationId),
    Phase {
        name: Expr,
        duration: Option<Expr>,
        body: Block,
    },
    Repeat {
        count: Repeat,
        body: Block,
    },
    ForEach {
        variable: VariableId,
        source: EachSource,
        body: Block,
    },
    /// Each block is a branch of one statement, or the braces that were written.
    Parallel {
        branches: Vec<Block>,
    },
    Group(Block),
    Every {
        period: Expr,
        body: Block,
    },
    At {
        time: Expr,
        body: Block,
    },
    /// Weights, and what each picks.
    Choose(Vec<(f64, Step)>),
    /// Every parameter of the sequence has its value here, given or default.
    Do {
        sequence: SequenceId,
        arguments: Vec<(VariableId, Expr)>,
    },
    Wait(Expr),
    WaitUntil {
        condition: Expr,
        max: Option<Expr>,
    },
    /// A command line, as an expression of text.
    Run {
        command: Expr,
        timeout: Option<Expr>,
    },
    Note(Expr),
}

/// What a target is told.
#[derive(Debug)]
pub struct Tell {
    pub target: TargetId,
    pub verb: &'static Verb,
    pub arguments: Vec<Argument>,
    pub duration: Option<Expr>,
    /// What a conversation does, on a WebSocket or with a broker.
    pub conversation: Vec<ConversationStep>,
    /// In the story: checks on the answer. In an action they stand in [`IterationStep::Tell`].
    pub checks: Vec<IterationStep>,
    /// `as list`, in an action: the capture that keeps how long it took, by index.
    pub took: Option<usize>,
    pub span: Span,
}

#[derive(Debug)]
pub enum ConversationStep {
    Send(Argument),
    Receive(Option<Argument>),
    Hold(Expr),
    /// A check or a capture on the message that was received last.
    Look(IterationStep),
}

#[derive(Debug)]
pub enum Repeat {
    Times(Expr),
    For(Expr),
    Until { condition: Expr, max: Option<Expr> },
}

#[derive(Debug)]
pub enum EachSource {
    List(Expr),
    /// Columns, and the rows with where they stand.
    Table {
        columns: Vec<String>,
        rows: Vec<(Vec<Expr>, Span)>,
    },
}

/// `load …`, with its clauses put together.
#[derive(Debug)]
pub struct Load {
    pub subject: LoadSubject,
    pub arrival: Arrival,
    pub duration: Option<Expr>,
    /// `50 times`
    pub times: Option<Expr>,
}

/// When iterations are due.
#[derive(Debug)]
pub enum Arrival {
    /// Open: at a rate, never slowed by answers.
    Rate(Box<RateArrival>),
    /// Closed: each user again and again.
    Users { users: Expr, to: Option<Expr> },
    /// A barrier: so many users, one iteration each, together.
    AtOnce { users: Expr },
    /// One after the other, as often as `times` says.
    Sequential,
}

/// Arrivals at a rate.
#[derive(Debug)]
pub struct RateArrival {
    pub rate: Expr,
    /// A ramp's other end.
    pub to: Option<Expr>,
    pub poisson: bool,
    pub max_users: Option<Expr>,
    /// A curve that scales the rate, and the time it spans again and again; where none is given it spans the
    /// load's own duration, else the rest of its timed block.
    pub shaped: Option<(CurveId, Option<Expr>)>,
}

pub use crate::lang::demand::Demand;

/// What must hold.
#[derive(Debug)]
pub struct Expectation {
    pub demand: Demand,
    /// The name given; where there is none, the condition as it is written. May interpolate variables.
    pub name: Expr,
    pub condition: Expr,
    /// The condition as it is written.
    pub text: String,
    pub qualifier: Qualifier,
    pub tolerate: Option<Tolerance>,
    /// A query whose rows the report shows when it is missed: the database and the text.
    pub show: Option<(TargetId, Expr)>,
    pub span: Span,
}

#[derive(Debug)]
pub enum Qualifier {
    Now,
    Within(Expr),
    Always,
    Sometimes,
    AtEnd,
    For(Expr),
    ForWithin { stretch: Expr, within: Expr },
}

#[derive(Debug)]
pub enum Tolerance {
    /// A breach shorter than this is allowed.
    Time(Expr),
    /// So large a share of the samples may miss.
    Share(Expr),
}

impl Qualifier {
    /// Whether it is judged over what is left of its block or at its end, so that the statement itself takes no time.
    pub fn is_late(&self) -> bool {
        matches!(self, Qualifier::Always | Qualifier::Sometimes | Qualifier::AtEnd)
    }
}

impl Scenario {
    /// The target of an id.
    pub fn target(&self, target: TargetId) -> &Target {
        &self.targets[target.index()]
    }

    /// All targets with their ids.
    pub fn numbered_targets(&self) -> impl Iterator<Item = (TargetId, &Target)> {
        self.targets.iter().enumerate().map(|(index, target)| (TargetId(index as u32), target))
    }

    /// The action of an id.
    pub fn action(&self, action: ActionId) -> &Action {
        &self.actions[action.index()]
    }

    /// The actions that a load runs, in the order of the file.
    pub fn actions_of(&self, subject: LoadSubject) -> Vec<ActionId> {
        match subject {
            LoadSubject::Action(action) => vec![action],
            LoadSubject::Mix(mix) => {
                self.mixes[mix.index()].parts.iter().map(|(_, action)| *action).collect()
            }
        }
    }

    /// A load's subject, and of a mix its actions too.
    pub fn subjects_of(&self, subject: LoadSubject) -> Vec<LoadSubject> {
        let mut subjects = vec![subject];
        if matches!(subject, LoadSubject::Mix(_)) {
            subjects.extend(self.actions_of(subject).into_iter().map(LoadSubject::Action));
        }
        subjects
    }

    /// The series of an id.
    pub fn series(&self, series: SeriesId) -> &Series {
        &self.series[series.index()]
    }

    /// The expectation of an id.
    pub fn expectation(&self, expectation: ExpectationId) -> &Expectation {
        &self.expectations[expectation.index()]
    }

    /// The secret of an id.
    pub fn secret(&self, secret: SecretId) -> &Secret {
        &self.secrets[secret.index()]
    }

    /// The name of what a load runs.
    pub fn subject_name(&self, subject: LoadSubject) -> &str {
        match subject {
            LoadSubject::Action(action) => &self.action(action).name,
            LoadSubject::Mix(mix) => &self.mixes[mix.index()].name,
        }
    }
}

impl Target {
    /// The setting of a name, where it was given.
    pub fn setting(&self, name: &str) -> Option<&Argument> {
        self.settings.iter().find(|argument| argument.parameter.name == name)
    }
}

impl Tell {
    /// Whether a word stands in it.
    pub fn says(&self, word: &str) -> bool {
        self.arguments.iter().any(|argument| argument.parameter.name == word)
    }

    /// Whether it is a request over HTTP, whose path may be a whole URL.
    pub fn target_is_http(&self, scenario: &Scenario) -> bool {
        scenario.target(self.target).kind.name == "http"
    }
}
