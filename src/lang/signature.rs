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
    /// How its settings go together, beside `one_of`.
    pub rules: &'static [Rule],
    /// Whether the runner can do anything with it yet; where not, nothing in it is ready either.
    pub support: Support,
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
    /// What may follow behind the values: `within 30s` behind `ready tcp("…")`. Each stands in the arguments under
    /// its own name, which is why no name comes twice in a kind's settings or in a verb. A keyword without values
    /// of its own needs at least one of them.
    pub more: &'static [Parameter],
    /// What holds where it is not given, as it would be written.
    pub default: Option<&'static str>,
    /// What it does, one sentence.
    pub about: &'static str,
    /// Whether the runner can do it yet.
    pub support: Support,
}

/// How settings or parameters go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// At least one of these.
    AtLeastOne(&'static [&'static str]),
    /// At most one of these.
    AtMostOne(&'static [&'static str]),
    /// One means nothing without another.
    Needs {
        /// What was given.
        name: &'static str,
        /// What must be given with it.
        other: &'static str,
    },
}

impl Rule {
    /// Whether it is kept, with a function that tells whether a name was given.
    pub fn holds(&self, given: impl Fn(&str) -> bool) -> bool {
        let count = |names: &[&str]| names.iter().filter(|name| given(name)).count();
        match self {
            Rule::AtLeastOne(names) => count(names) >= 1,
            Rule::AtMostOne(names) => count(names) <= 1,
            Rule::Needs { name, other } => !given(name) || given(other),
        }
    }

    /// The names it speaks of.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Rule::AtLeastOne(names) | Rule::AtMostOne(names) => names.to_vec(),
            Rule::Needs { name, other } => vec![name, other],
        }
    }
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
    /// A percentage from 0% to 50%.
    Half,
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
    /// A statement of SQL. What is interpolated in it reaches the database as a value of its own, never as text.
    Sql,
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
    /// How its parameters go together, beside `one_of`.
    pub rules: &'static [Rule],
    /// What may stand in braces behind it.
    pub body: Body,
    /// What an answer brings into that body; of a verb without a body, what its action can be asked for.
    pub gives: &'static [Given],
    /// Whether it does harm, so that a target that soak did not make needs a permit.
    pub fault: bool,
    /// What it does, one sentence.
    pub about: &'static str,
    /// Statements that pass the checker behind the kind's own example.
    pub example: &'static str,
    /// Whether the runner can do it yet.
    pub support: Support,
}

/// A part of an answer.
#[derive(Debug)]
pub struct Given {
    /// The word.
    pub name: &'static str,
    /// What it is.
    pub result: GivenResult,
    /// What it says, one sentence.
    pub about: &'static str,
}

/// What a part of an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenResult {
    /// A number of a dimension.
    Quantity(Dimension),
    /// A text.
    Text,
    /// Known at run time only.
    Json,
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
    /// The share that one counter has in another, both over the same window: `part / whole`, or
    /// `(whole - part) / whole`. Counted first and divided once, so that it is exact and that a composed window is
    /// not a mean of means; no value where `whole` is 0. It takes no function, but a window (`over`, `in`).
    Ratio {
        /// The reading whose share it is.
        part: &'static str,
        /// The reading it is a share of.
        whole: &'static str,
        /// Whether it is what `part` leaves of `whole`.
        rest: bool,
    },
    /// What a counter counted in the window, per time: the same as `rate(…)` of it.
    PerTime {
        /// The reading that counts.
        counter: &'static str,
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

    /// Every setting, and what may follow one.
    pub fn all_settings(&self) -> impl Iterator<Item = &'static Parameter> {
        self.settings.iter().flat_map(Parameter::with_more)
    }

    /// The reading of a name.
    pub fn reading(&self, name: &str) -> Option<&'static Reading> {
        self.readings.iter().find(|reading| reading.name == name)
    }
}

impl Parameter {
    /// Itself, then what may follow it.
    pub fn with_more(&self) -> impl Iterator<Item = &Parameter> {
        std::iter::once(self).chain(self.more)
    }
}

impl Verb {
    /// The parameter of a name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}
