//! How a kind declares what it knows: its settings, its verbs with their typed parameters, its readings.
//!
//! One declaration serves the checker, `soak kinds`, completion, hover, the highlighters and the reference.

use super::quantity::Dimension;
use super::types::Shape;

/// A kind of target.
#[derive(Debug)]
pub struct Kind {
    /// The word in front of a declaration.
    pub name: &'static str,
    /// What it is for, one sentence.
    pub about: &'static str,
    /// What its declaration may say.
    pub settings: &'static [Parameter],
    /// Groups of settings of which exactly one must be given.
    pub one_of: &'static [&'static [&'static str]],
    /// What a target of this kind can be told.
    pub verbs: &'static [Verb],
    /// What can be read of it.
    pub readings: &'static [Reading],
    /// Whole statements that pass the checker, with the declaration first.
    pub example: &'static str,
    /// Whether a target of that name is always there (`machine`) and none can be declared.
    pub built_in: bool,
}

/// Whether the runner can do it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It can.
    Ready,
    /// `soak run` refuses a scenario that needs it, before anything starts.
    NotYet,
}

/// A setting of a kind, or a parameter of a verb.
#[derive(Debug)]
pub struct Parameter {
    /// The word that introduces it; of a positional one, what messages call it.
    pub name: &'static str,
    /// How it is written.
    pub form: Form,
    /// What is written behind the word; of a positional parameter, its one value.
    pub values: &'static [Accepts],
    /// Whether it must be given.
    pub required: bool,
    /// Whether it may be given more than once.
    pub repeated: bool,
    /// What it does, one sentence.
    pub about: &'static str,
    /// Whether the runner can do it yet.
    pub support: Support,
}

/// How a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By its place: `fill 90%`.
    Positional,
    /// Its word, then its values: `latency 500ms`.
    Keyword,
    /// Its word alone: `refuse`.
    Flag,
}

/// What a parameter takes. Where a quantity is taken, a range of it is too (one is drawn each time).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// A quantity of a dimension.
    Quantity(Dimension),
    /// A whole number.
    Count,
    /// A percentage from 0% to 100%.
    Share,
    /// Any text.
    Text,
    /// A path; a relative one starts at the scenario's folder.
    Path,
    /// A path with `*`, `**`, `?`, `[…]`, `{…}`.
    Glob,
    /// A regular expression.
    Regex,
    /// A URL of one of these schemes.
    Url(&'static [&'static str]),
    /// `host:port`, or a bare host address where `port` is false.
    Address { port: bool },
    /// A command line, split into words without a shell.
    Command,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A word of the user's own, such as a signal's or a variable's name.
    Name,
    /// Anything that JSON can hold.
    Json,
    /// How readiness is told: a call of a probe function.
    Probe,
    /// The name of a declared target of one of these kinds.
    Target(&'static [&'static str]),
}

/// What a target can be told.
#[derive(Debug)]
pub struct Verb {
    /// The word.
    pub name: &'static str,
    /// Whether it lasts, and what it sets.
    pub nature: Nature,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Groups of parameters of which exactly one must be given.
    pub one_of: &'static [&'static [&'static str]],
    /// What may stand in braces behind it.
    pub body: Body,
    /// Whether it does harm, so that a target that soak did not make needs a permit.
    pub fault: bool,
    /// What it does, one sentence.
    pub about: &'static str,
    /// Statements that pass the checker behind the kind's own example.
    pub example: &'static str,
    /// Whether the runner can do it yet.
    pub support: Support,
}

/// How a verb and time go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// It lasts and is undone. All states of one property form one stack; the newest wins.
    State {
        /// The property it sets.
        property: &'static str,
    },
    /// It happens once. Where `held`, it takes a duration: it is kept up that long, then let go.
    Act {
        /// Whether it can be held.
        held: bool,
    },
    /// It asks and is answered; it can stand in an action.
    Request,
}

/// What may stand in braces behind a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// `check` and `capture` on the answer.
    Answer,
    /// `send`, `receive`, `hold` on an open connection.
    Conversation,
}

/// What can be read of a target.
#[derive(Debug)]
pub struct Reading {
    /// The word behind the dot.
    pub name: &'static str,
    /// What comes back.
    pub result: ReadingResult,
    /// Arguments, as of `machine.disk("/")`.
    pub parameters: &'static [Accepts],
    /// What it says, one sentence with its unit.
    pub about: &'static str,
    /// Whether the runner can do it yet.
    pub support: Support,
}

/// What a reading gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingResult {
    /// Samples of a quantity.
    Series {
        /// How they are read.
        shape: Shape,
        /// Of what dimension.
        dimension: Dimension,
        /// Whether they are shares, shown as percentages.
        percent: bool,
    },
    /// Lines of output.
    Log,
}

impl Kind {
    /// The setting of a name.
    pub fn setting(&self, name: &str) -> Option<&'static Parameter> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// The verb of a name.
    pub fn verb(&self, name: &str) -> Option<&'static Verb> {
        self.verbs.iter().find(|verb| verb.name == name)
    }

    /// The reading of a name.
    pub fn reading(&self, name: &str) -> Option<&'static Reading> {
        self.readings.iter().find(|reading| reading.name == name)
    }
}
