//! The seam between the command line and what carries a scenario out.

use super::{Deny, RunArguments, SecretValue};
use crate::check::scenario::Scenario;
use crate::diag::Diagnostic;
use crate::event::Event;
use crate::event::control::{Control, Signal};
use crate::source::Sources;
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

    /// Carries it out and hands every event to `sink`, in order. The first is a `RunStarted`; where the run ends by
    /// itself or by a signal, the last is a `RunEnded`. It returns when everything is undone.
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

    /// When the run began: RFC 3339, UTC.
    pub fn started_text(&self) -> String {
        self.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The time as it stands in a folder's name, also where names have no colons.
    pub(super) fn folder_time(&self) -> String {
        self.started.strftime("%Y-%m-%dT%H-%M-%SZ").to_string()
    }
}

/// A seed that nobody chose: the standard library keys its hashers from the system's randomness.
fn draw_seed() -> u64 {
    RandomState::new().build_hasher().finish() >> (u64::BITS - SEED_BITS)
}
