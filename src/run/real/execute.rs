//! A run from beginning to end on this machine: journal, guardian, scratch folder, world, and nothing left behind.

use super::{RealWorld, Setup, SetupError};
use crate::check::scenario::Scenario;
use crate::event::Event;
use crate::event::control::Control;
use crate::kinds::undo::{Applied, OwnedFolder, Recorder, RunId, Undo};
use crate::lang::mask::Mask;
use crate::lang::moment::Timeline;
use crate::run::{Options, Outcome};
use crate::source::Sources;
use crate::store::guardian::{Guardian, Tended};
use crate::store::journal::Journal;
use crate::store::state_folder::StateFolder;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime;
use tokio::task::LocalSet;

/// What a real run is told beside its scenario.
pub struct Order {
    /// The checked scenario.
    pub scenario: Arc<Scenario>,
    /// Its text.
    pub sources: Arc<Sources>,
    /// What the interpreter is told; its scratch folder is chosen here.
    pub options: Options,
    /// Where relative paths start.
    pub base: PathBuf,
    /// Where the output of processes and commands goes.
    pub output: PathBuf,
    /// The file of the histograms of loads.
    pub histograms: PathBuf,
    /// Whether the scratch folder stays.
    pub keep: bool,
}

/// Carries a scenario out. It must be called on the program's first thread: the processes it starts are to die
/// with that.
///
/// # Errors
/// When the run cannot begin: nothing was started then, and nothing is left.
pub fn execute(
    order: Order,
    sink: &mut dyn FnMut(Event),
    control: Control,
) -> Result<(Outcome, Option<PathBuf>), SetupError> {
    let run = RunId::fresh().map_err(SetupError::system)?;
    let state = StateFolder::open().map_err(whole)?;
    let mut guardian = Guardian::start(&state.journal_of(&run)).map_err(whole)?;
    let journal = match Journal::begin(&state, &run) {
        Ok(journal) => Arc::new(journal),
        Err(error) => {
            guardian.finish();
            return Err(whole(error));
        }
    };
    let outcome = guarded(order, &run, &journal, &mut guardian, sink, control);
    match journal.finish() {
        Ok(()) => guardian.finish(),
        // The guardian stays, and tries once more when this process is gone.
        Err(unfinished) => return outcome.and(Err(whole(unfinished))),
    }
    outcome
}

fn whole(error: impl Display) -> SetupError {
    SetupError { message: error.to_string(), span: None }
}

fn guarded(
    order: Order,
    run: &RunId,
    journal: &Arc<Journal>,
    guardian: &mut Guardian,
    sink: &mut dyn FnMut(Event),
    control: Control,
) -> Result<(Outcome, Option<PathBuf>), SetupError> {
    let recorder: Arc<dyn Recorder> = Arc::clone(journal) as Arc<dyn Recorder>;
    let scratch = std::env::temp_dir().join(format!("soak-{run}"));
    let folder = OwnedFolder::plan(&scratch, run).map_err(whole)?;
    let applied = Applied::record(&recorder, Undo::Folder(folder.clone())).map_err(whole)?;
    folder.create().map_err(|error| whole(format!("cannot make `{}`: {error}", scratch.display())))?;
    let keep = order.keep;
    let outcome = in_world(order, run, recorder, &scratch, guardian, sink, control);
    if keep {
        applied.settle();
    } else {
        applied.undo().map_err(whole)?;
    }
    Ok((outcome?, keep.then_some(scratch)))
}

fn in_world(
    order: Order,
    run: &RunId,
    recorder: Arc<dyn Recorder>,
    scratch: &std::path::Path,
    guardian: &mut Guardian,
    sink: &mut dyn FnMut(Event),
    control: Control,
) -> Result<Outcome, SetupError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(SetupError::system)?;
    let Order { scenario, sources, mut options, base, output, histograms, .. } = order;
    options.scratch = scratch.display().to_string();
    LocalSet::new().block_on(&runtime, async move {
        let setup = Setup {
            scenario: Arc::clone(&scenario),
            sources: Arc::clone(&sources),
            timeline: Timeline::begin(),
            seed: options.seed,
            run: run.clone(),
            recorder,
            folder: base,
            output,
            histograms,
            scratch: scratch.to_owned(),
            secrets: options.secrets.clone(),
            mask: Mask::new(options.secrets.iter().cloned()),
            hosts: None,
        };
        let mut world = RealWorld::new(setup, control)?;
        let story = crate::run::run(&scenario, &sources, &options, &mut world, sink);
        let watch = guardian.keep(|tended| match tended {
            Ok(Tended::Replaced { ended }) => {
                tracing::warn!("the guardian had ended ({ended}); another one watches")
            }
            Ok(Tended::Well) => {}
            Err(error) => tracing::error!("{error}"),
        });
        tokio::select! {
            outcome = story => Ok(outcome),
            () = watch => Err(whole("the guardian is no longer tended")),
        }
    })
}
