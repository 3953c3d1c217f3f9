//! `soak run`: everything around a run. What runs it is an [`Executor`], so that this file is the same wherever and
//! by whatever a scenario is carried out.

mod arguments;
mod aside;
mod draw;
mod executor;
mod files;
#[cfg(target_os = "linux")]
mod log;
#[cfg(target_os = "linux")]
mod mistake;
#[cfg(target_os = "linux")]
mod real;
mod reporter;
mod secrets;
#[cfg(target_os = "linux")]
mod signals;

pub use arguments::{Deny, RunArguments};
pub use executor::{Executor, Outcome, Refusal, RunOptions};
pub use secrets::SecretValue;

use super::check;
use super::{Exit, findings, output};
use crate::check::scenario::Scenario;
use crate::check::support;
use crate::event::control;
use crate::lang::mask::Mask;
use crate::source::Sources;
use crate::store::record::{Record, RecordError, RunFolder};
use crate::ui::{Progress, View};
use aside::Aside;
use reporter::Reporter;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

/// Runs a scenario where something can.
pub fn run(arguments: RunArguments, verbose: bool) -> Exit {
    run_with(arguments, verbose, make)
}

/// Makes what carries scenarios out; `None` where nothing can.
#[cfg(target_os = "linux")]
fn make(sources: &Arc<Sources>) -> Option<Box<dyn Executor>> {
    Some(Box::new(real::RealExecutor { sources: Arc::clone(sources) }))
}

#[cfg(not(target_os = "linux"))]
fn make(_sources: &Arc<Sources>) -> Option<Box<dyn Executor>> {
    None
}

/// Runs a scenario with an executor; without one everything is checked and then refused.
pub fn run_with(
    arguments: RunArguments,
    verbose: bool,
    make: impl FnOnce(&Arc<Sources>) -> Option<Box<dyn Executor>>,
) -> Exit {
    let (sources, scenario) = match load(&arguments) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let Some(executor) = make(&sources) else {
        output::say(NO_EXECUTOR);
        return Exit::Impossible;
    };
    let secrets = match secrets::read(&scenario) {
        Ok(secrets) => secrets,
        Err(error) => {
            output::say(&error.to_string());
            return Exit::Impossible;
        }
    };
    let mut options = RunOptions::new(&arguments, secrets);
    let total = match executor.plan(&scenario, &sources, &options) {
        Ok(total) => total,
        Err(Refusal::Sentence(sentence)) => {
            output::say(&sentence);
            return Exit::Wrong;
        }
        Err(Refusal::Findings(found)) => {
            findings::show(&sources, &found);
            return Exit::Wrong;
        }
    };
    #[cfg(target_os = "linux")]
    super::recover::before_a_run();
    let (folder, record) = match begin(&arguments, &options, &scenario) {
        Ok(begun) => begun,
        Err(error) => {
            output::say(&error.to_string());
            let wrong = matches!(error, RecordError::NotEmpty { .. } | RecordError::NotAFolder { .. });
            return if wrong { Exit::Wrong } else { Exit::Impossible };
        }
    };
    folder.path().clone_into(&mut options.folder);
    let talk = Aside::to(io::stderr());
    #[cfg(target_os = "linux")]
    log::begin(folder.path(), verbose.then(|| talk.clone()), mask(&options));
    let style = output::talk_style();
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    let in_place = io::stderr().is_terminal() && !verbose && !dumb;
    let view = View { style, in_place, verbose, total };
    let draw = draw::at_its_line(Arc::clone(&sources), &scenario, style);
    let progress = Progress::new(Box::new(talk), view, draw);
    carry_out(executor, scenario, options, Reporter::start(record, progress), arguments.strict)
}

const NO_EXECUTOR: &str = "soak runs scenarios on Linux only; here it checks, formats, plans and reports";

/// A scenario that can be run, or why it cannot: told already.
fn load(arguments: &RunArguments) -> Result<(Arc<Sources>, Arc<Scenario>), Exit> {
    let (sources, scenario) = check::scenario(&arguments.file, &arguments.params, "nothing was started")?;
    let refused = support::unsupported(&scenario);
    if !refused.is_empty() {
        findings::show(&sources, &refused);
        let name = sources.files()[0].name();
        output::say(&format!("{name} uses what this soak cannot run yet; nothing was started"));
        return Err(Exit::Impossible);
    }
    #[cfg(target_os = "linux")]
    if let Some((sentence, place)) = crate::doctor::refuses(&scenario) {
        let place = place.map(|span| {
            let file = sources.file_of(span);
            format!("{}:{}: ", file.name(), file.position(span.start))
        });
        output::say(&format!("{}{sentence}; nothing was started", place.unwrap_or_default()));
        return Err(Exit::Impossible);
    }
    #[cfg(target_os = "linux")]
    if scenario.targets.iter().any(|target| {
        target.kind.name == "disk" && (target.setting("size").is_some() || target.setting("faulty").is_some())
    }) && let Err(error) = crate::kinds::disk::own::enter()
    {
        output::say(&format!("a disk of the run's own cannot be made: {error}; nothing was started"));
        return Err(Exit::Impossible);
    }
    Ok((Arc::new(sources), Arc::new(scenario)))
}

/// Makes the run's folder and begins its record.
fn begin(
    arguments: &RunArguments,
    options: &RunOptions,
    scenario: &Scenario,
) -> Result<(RunFolder, Record), RecordError> {
    let folder = match &arguments.out {
        Some(out) => RunFolder::named(out)?,
        None => RunFolder::dated(Path::new(""), &options.folder_time(), &scenario.title)?,
    };
    let record = Record::create(folder.path())?;
    Ok((folder, record))
}

/// Keeps the run's secrets out of what is said about it.
fn mask(options: &RunOptions) -> Mask {
    Mask::new(options.secrets.iter().map(|secret| secret.text.clone()))
}

/// Runs, reports, and gives the exit code.
fn carry_out(
    executor: Box<dyn Executor>,
    scenario: Arc<Scenario>,
    options: RunOptions,
    reporter: Reporter,
    strict: bool,
) -> Exit {
    let (folder, mask) = (options.folder.clone(), mask(&options));
    let (controller, control) = control::channel();
    #[cfg(target_os = "linux")]
    signals::listen(controller);
    #[cfg(not(target_os = "linux"))]
    drop(controller);
    let outcome = executor.execute(scenario, options, &mut |event| reporter.hand(event), control);
    let (summary, whole) = reporter.finish();
    if !whole {
        output::say(&format!("the record in `{}` is not whole", folder.display()));
    }
    let exit = match &outcome {
        Outcome::Ended => Exit::of(summary.verdict(), strict),
        Outcome::Stopped(signal) => Exit::Stopped(*signal),
        Outcome::Impossible(reason) => {
            output::say(&format!("the run could not be carried out: {}", mask.text(reason)));
            Exit::Impossible
        }
    };
    if !summary.has_started() {
        return exit;
    }
    files::write(&folder, &summary, exit)
}
