//! Runs on this machine: what `soak run` is there for.

use super::mistake;
use super::{Deny, Executor, Outcome, Refusal, RunOptions};
use crate::check::scenario::{Scenario, Step, StepKind};
use crate::check::walk::visit_steps;
use crate::event::Event;
use crate::event::control::Control;
use crate::kinds::descriptors;
use crate::plan::{self, TouchKind};
use crate::run::real::execute::{self, Order};
use crate::run::{Ending, Options};
use crate::source::Sources;
use crate::store::record::HISTOGRAMS;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The folder in the run's own that gets what processes and commands print.
const OUTPUT: &str = "output";

/// Carries a scenario out with real processes, links and loads.
pub struct RealExecutor {
    /// The text of the scenario.
    pub sources: Arc<Sources>,
}

impl Executor for RealExecutor {
    fn plan(
        &self,
        scenario: &Scenario,
        sources: &Sources,
        options: &RunOptions,
    ) -> Result<Option<Duration>, Refusal> {
        for name in options.only.iter().chain(&options.skip) {
            if !has_phase(scenario, name) {
                return Err(Refusal::Sentence(format!(
                    "there is no phase `{name}`; `soak plan` lists the phases"
                )));
            }
        }
        let plan = plan::plan(scenario, sources);
        if let Some(denied) = denied(scenario, &plan, options) {
            return Err(Refusal::Sentence(denied));
        }
        // What is left out makes the story shorter by an amount that nobody has worked out.
        let whole = options.only.is_empty() && options.skip.is_empty();
        Ok(plan.duration.filter(|_| whole))
    }

    fn execute(
        self: Box<Self>,
        scenario: Arc<Scenario>,
        options: RunOptions,
        sink: &mut dyn FnMut(Event),
        control: Control,
    ) -> Outcome {
        mistake::ends_the_run();
        descriptors::raise();
        let output = options.folder.join(OUTPUT);
        if let Err(error) = fs::create_dir_all(&output) {
            return Outcome::Impossible(format!("cannot make `{}`: {error}", output.display()));
        }
        let base = if options.base.as_os_str().is_empty() { Path::new(".") } else { &options.base };
        let base = match fs::canonicalize(base).and_then(|base| Ok((base, fs::canonicalize(&output)?))) {
            Ok(found) => found,
            Err(error) => return Outcome::Impossible(format!("cannot find `{}`: {error}", base.display())),
        };
        let order = Order {
            scenario,
            sources: Arc::clone(&self.sources),
            options: Options {
                rehearsal: false,
                seed: options.seed,
                file: self.sources.files()[0].name().to_owned(),
                started: options.started_text(),
                scratch: String::new(),
                secrets: options.secrets.iter().map(|secret| secret.text.clone()).collect(),
                only: options.only.clone(),
                skip: options.skip.clone(),
            },
            base: base.0,
            histograms: base.1.with_file_name(HISTOGRAMS),
            output: base.1,
            keep: options.keep,
        };
        match execute::execute(order, sink, control) {
            Ok((outcome, kept)) => {
                if let Some(kept) = kept {
                    crate::cli::output::say(&format!("the scratch folder stays at `{}`", kept.display()));
                }
                ended(outcome.ending)
            }
            Err(error) => Outcome::Impossible(error.at_its_line(&self.sources)),
        }
    }
}

fn ended(ending: Ending) -> Outcome {
    match ending {
        Ending::Finished | Ending::Required(_) => Outcome::Ended,
        Ending::Interrupted(signal) => Outcome::Stopped(signal),
        Ending::Failed(reason) => Outcome::Impossible(reason),
    }
}

/// What the command line forbids of what the file permits.
fn denied(scenario: &Scenario, plan: &plan::Plan, options: &RunOptions) -> Option<String> {
    let refuse = |what: &str, flag: &str| {
        Some(format!("the scenario {what}, which --deny {flag} forbids; nothing was started"))
    };
    if options.denies(Deny::Fault)
        && let Some((target, _)) = scenario.permits.fault.first()
    {
        return refuse(&format!("permits faults on `{}`", scenario.target(*target).name), "fault");
    }
    if options.denies(Deny::Load)
        && let Some((host, _)) = scenario.permits.load.first()
    {
        return refuse(&format!("permits load to `{host}`"), "load");
    }
    let command = plan.touches.things.iter().find(|touch| touch.kind == TouchKind::Command);
    if options.denies(Deny::Run)
        && let Some(command) = command
    {
        return refuse(&format!("runs the command `{}`", command.what), "run");
    }
    None
}

/// Whether a phase may have that name; one whose name is put together at run time may have any.
fn has_phase(scenario: &Scenario, wanted: &str) -> bool {
    let mut found = false;
    let mut look = |step: &Step| {
        if let StepKind::Phase { name, .. } = &step.kind {
            found |= name.constant().is_none_or(|name| name.to_string() == wanted);
        }
    };
    visit_steps(scenario, &mut look);
    found
}
