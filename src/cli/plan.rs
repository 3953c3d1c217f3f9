//! `soak plan`: what a run would do, before it does it. What writes the plan is handed in, as with `run`.

use super::check::{self, Params};
use super::{Exit, findings, output};
use crate::check::scenario::Scenario;
use crate::source::Sources;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The scenario; `-` is standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub params: Params,
    /// Plan these phases of the story and no others.
    #[arg(long, value_name = "PHASE")]
    pub only: Vec<String>,
    /// Leave these phases of the story out.
    #[arg(long, value_name = "PHASE")]
    pub skip: Vec<String>,
}

/// Writes a plan as text, or says in a sentence why there is none.
pub type Planner = dyn Fn(&Scenario, &Sources, &PlanArguments) -> Result<String, String>;

/// Shows the plan where something can write one.
pub fn plan(arguments: &PlanArguments) -> Exit {
    plan_with(arguments, None)
}

/// Shows the plan that `planner` writes; without one the scenario is checked, and no more.
pub fn plan_with(arguments: &PlanArguments, planner: Option<&Planner>) -> Exit {
    let (sources, checked) = match check::load(&arguments.file, &arguments.params) {
        Ok(loaded) => loaded,
        Err(error) => {
            output::say(&error.to_string());
            return Exit::Wrong;
        }
    };
    findings::show(&sources, &checked.diagnostics);
    let Some(scenario) = checked.scenario else {
        let count = findings::count(&checked.diagnostics).unwrap_or_default();
        output::say(&format!("{}: {count}; there is no plan", sources.files()[0].name()));
        return Exit::Wrong;
    };
    let Some(planner) = planner else {
        output::say("this soak checks scenarios; it was built without what plans them");
        return Exit::Impossible;
    };
    match planner(&scenario, &sources, arguments) {
        Ok(text) => output::data(text.as_bytes(), Exit::Good),
        Err(sentence) => {
            output::say(&sentence);
            Exit::Wrong
        }
    }
}
