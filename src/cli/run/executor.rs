//! The seam between the command line and what carries a scenario out.

use super::{Deny, RunArguments, SecretValue};
use crate::check::scenario::{Expectation, Scenario};
use crate::diag::Diagnostic;
use crate::event::control::{Control, Signal};
use crate::event::{Event, Planned, RunStarted, VERSION};
use crate::lang::expr::ExprKind;
use crate::source::{Sources, Span};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A drawn seed has so many bits: other programs read it as a floating-point number without loss.
const SEED_BITS: u32 = 53;

/// What carries a scenario out.
pub trait Executor {
    /// Looks at what a run would do, before anything is made: how long the story takes, where that is known.
    ///
    /// # Errors
    /// Where the run must not begin: a phase that does not exist, something that is denied.
    fn plan(
        &self,
        scenario: &Scenario,
        sources: &Sources,
        options: &RunOptions,
    ) -> Result<Option<Duration>, Refusal>;

    /// Carries it out and hands every event to `sink`, in order. The first is a `RunStarted`, of which
    /// [`RunOptions::started`] knows everything; where the run ends by itself or by a signal, the last is a
    /// `RunEnded`. It returns when everything is undone.
    fn execute(
        self: Box<Self>,
        scenario: Arc<Scenario>,
        options: RunOptions,
        sink: &mut dyn FnMut(Event),
        control: Control,
    ) -> Outcome;
}

/// Why a run does not begin.
#[derive(Debug)]
pub enum Refusal {
    Sentence(String),
    Findings(Vec<Diagnostic>),
}

/// How a run came to its end; how it was judged follows from its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By itself.
    Ended,
    /// By a signal.
    Stopped(Signal),
    /// It could not be carried out, and why.
    Impossible(String),
}

/// What a run depends on beside its scenario.
#[derive(Clone, Debug)]
pub struct RunOptions {
    pub seed: u64,
    /// Only these phases, where there are any.
    pub only: Vec<String>,
    /// Not these phases.
    pub skip: Vec<String>,
    pub deny: Vec<Deny>,
    /// Whether the scratch folder stays.
    pub keep: bool,
    /// The run's own folder; there by the time of [`Executor::execute`].
    pub folder: PathBuf,
    /// Where relative paths of the scenario start.
    pub base: PathBuf,
    /// The secrets, in the order of the scenario.
    pub secrets: Vec<SecretValue>,
    /// When it began, for display.
    started: jiff::Timestamp,
}

impl RunOptions {
    pub(super) fn new(arguments: &RunArguments, secrets: Vec<SecretValue>) -> RunOptions {
        RunOptions {
            seed: arguments.seed.unwrap_or_else(draw_seed),
            only: arguments.only.clone(),
            skip: arguments.skip.clone(),
            deny: arguments.deny.clone(),
            keep: arguments.keep,
            folder: PathBuf::new(),
            base: arguments.file.parent().map(Path::to_owned).unwrap_or_default(),
            secrets,
            started: jiff::Timestamp::now(),
        }
    }

    /// Whether the command line forbids something.
    pub fn denies(&self, what: Deny) -> bool {
        self.deny.contains(&what)
    }

    /// The first event of the run. `reached` says whether an expectation can be reached at all: what stands in a
    /// phase that is left out cannot.
    pub fn started(
        &self,
        scenario: &Scenario,
        sources: &Sources,
        reached: &dyn Fn(usize) -> bool,
    ) -> RunStarted {
        let params = scenario.params.iter().map(|param| {
            let text = match &param.value.kind {
                ExprKind::Constant(value) => value.to_string(),
                _ => sources.text(param.value.span).to_owned(),
            };
            (param.name.clone(), text)
        });
        let expectations = scenario.expectations.iter().enumerate().filter(|(index, _)| reached(*index));
        let planned = |expectation: &Expectation| Planned {
            name: match &expectation.name.kind {
                ExprKind::Constant(name) => name.to_string(),
                _ => sources.text(expectation.name.span).trim_matches('"').to_owned(),
            },
            line: sources.line(expectation.span),
            demand: expectation.demand.word().to_owned(),
            text: written(sources, expectation),
        };
        RunStarted {
            version: VERSION,
            soak: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.title.clone(),
            file: sources.files()[0].name().to_owned(),
            seed: self.seed,
            started: self.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            params: params.collect(),
            expectations: expectations.map(|(_, expectation)| planned(expectation)).collect(),
        }
    }

    /// The time as it stands in a folder's name, also where names have no colons.
    pub(super) fn folder_time(&self) -> String {
        self.started.strftime("%Y-%m-%dT%H-%M-%SZ").to_string()
    }
}

/// The condition of an expectation with its qualifier, as written: what stands behind its name, without what it shows.
pub fn written(sources: &Sources, expectation: &Expectation) -> String {
    let from_condition = Span::new(expectation.condition.span.start, expectation.span.end);
    let text = sources.text(from_condition);
    let shown = if expectation.show.is_some() { text.rfind(" show ") } else { None };
    let text = shown.map_or(text, |at| &text[..at]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A seed that nobody chose: the standard library keys its hashers from the system's randomness.
fn draw_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> (u64::BITS - SEED_BITS)
}
