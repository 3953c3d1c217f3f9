//! What a run opens before its first process and closes after its last.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::error::ProcessError;
use super::found::{FoundOptions, Whereabouts};
use super::handle::Process;
use super::options::{ProcessOptions, Surroundings};
use super::probe::Probe;
use super::program::resolve_program;
use super::reaper::{self, REAP_EVERY};
use super::supervisor::Launch;
use crate::kinds::undo::{Applied, MarkedProcesses, Member, ProcessEntry, ProcessTable, Undo, is_marked};

/// How long orphans without a mark may take to end at a run's end.
const ORPHAN_LIMIT: Duration = Duration::from_secs(2);
/// Between two looks for them.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The run's processes as a whole. Dropped without [`Supervision::end`], it kills every process of the run.
pub struct Supervision {
    around: Surroundings,
    marked: Applied,
    reaping: Reaping,
}

/// The task that reaps orphans; it ends with its owner.
struct Reaping(JoinHandle<()>);

impl Drop for Reaping {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Supervision {
    /// Begins supervision: orphans come to this process from now on, and the journal knows the run's mark. To be
    /// called within a tokio runtime, whose thread is best the main one: only then do processes die with soak without
    /// the guardian's help.
    ///
    /// # Errors
    /// When the journal cannot be written; then no process may be started.
    pub fn begin(around: Surroundings) -> Result<Supervision, ProcessError> {
        reaper::adopt_orphans().map_err(|reason| ProcessError::Supervise { reason })?;
        fs::create_dir_all(&around.output_folder).map_err(|reason| ProcessError::Supervise { reason })?;
        let undo = Undo::Marked(MarkedProcesses::of(around.run.clone()));
        let marked = Applied::record(&around.recorder, undo)?;
        let reaping = Reaping(tokio::spawn(async {
            let mut ended = BTreeSet::<Member>::new();
            let mut turns = interval(REAP_EVERY);
            turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                turns.tick().await;
                reaper::reap(&mut ended);
            }
        }));
        Ok(Supervision { around, marked, reaping })
    }

    /// Makes a process ready to be started; starts nothing. A missing program or folder shows here, before the run
    /// has done anything.
    ///
    /// # Errors
    /// When the program, the folder or the log is not to be had.
    pub fn process(&self, mut options: ProcessOptions) -> Result<Process, ProcessError> {
        if let Some(Probe::File(path)) = &mut options.ready {
            *path = self.around.scenario_folder.join(&*path);
        }
        let first = options
            .command
            .first()
            .ok_or_else(|| ProcessError::EmptyCommand { name: options.name.clone() })?;
        let search = options.environment.iter().rev().find(|(name, _)| name == "PATH");
        let search = search.map(|(_, value)| value.as_str());
        let program = resolve_program(first, search, &self.around.scenario_folder)?;
        let folder = match &options.folder {
            Some(folder) => self.around.scenario_folder.join(folder),
            None => self.around.scenario_folder.clone(),
        };
        // A run's set-up may yet make the folder, so only what is there and is none is wrong now.
        if folder.exists() && !folder.is_dir() {
            return Err(ProcessError::NoFolder { process: options.name, folder });
        }
        Process::new(Launch { options, around: self.around.clone(), program, folder })
    }

    /// Makes ready to find a process that somebody else has started; looks for nothing yet.
    pub fn found(&self, mut options: FoundOptions) -> Process {
        let folder = &self.around.scenario_folder;
        if let Some(Probe::File(path)) = &mut options.ready {
            *path = folder.join(&*path);
        }
        if let Whereabouts::PidFile(path) = &mut options.whereabouts {
            *path = folder.join(&*path);
        }
        Process::found(options, self.around.clone())
    }

    /// Kills whatever the run's processes left behind, after they have been ended one by one.
    ///
    /// # Errors
    /// When something survives; the journal keeps it for `soak recover`.
    pub async fn end(self) -> Result<(), ProcessError> {
        let marked = self.marked;
        let joined = tokio::task::spawn_blocking(move || marked.undo()).await;
        joined.map_err(|reason| ProcessError::Supervise { reason: reason.into() })??;
        end_orphans().await;
        drop(self.reaping);
        Ok(())
    }
}

/// Ends descendants that shed mark, session and parents and were seen by nobody before. They came to this process,
/// so they are its own.
async fn end_orphans() {
    let deadline = Instant::now() + ORPHAN_LIMIT;
    let mut ended = BTreeSet::new();
    loop {
        let Ok(table) = ProcessTable::read() else { return };
        // One that carries a mark belongs to another run of this process: the mark's own run has none left.
        let orphans = reaper::orphans(&table).into_iter().filter(|entry| !is_marked(entry.pid));
        let orphans: Vec<Member> = orphans.map(ProcessEntry::member).collect();
        if orphans.is_empty() || Instant::now() >= deadline {
            return;
        }
        for orphan in orphans {
            orphan.signal(Signal::SIGKILL);
        }
        reaper::reap(&mut ended);
        sleep(LOOK_AGAIN).await;
    }
}
