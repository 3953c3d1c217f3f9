//! A run with a folder of its own, and waiting for what must come.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use soak::kinds::process::command::split_command;
use soak::kinds::process::handle::Process;
use soak::kinds::process::options::{ProcessOptions, Surroundings};
use soak::kinds::process::state::ProcessState;
use soak::kinds::process::supervision::Supervision;
use soak::kinds::undo::{
    JournalError, MarkedProcesses, ProcessEntry, ProcessTable, Recorder, RunId, Ticket, Undo,
};
use soak::lang::mask::Mask;
use soak::lang::moment::Timeline;
use soak::store::journal::Journal;
use soak::store::state_folder::StateFolder;
use tokio::time::{sleep, timeout};

/// Long enough for any machine; nothing here waits for it when all is well.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A recorder whose disk can be filled.
pub struct Fillable {
    pub journal: Journal,
    pub full: AtomicBool,
}

impl Recorder for Fillable {
    fn record(&self, undo: &Undo) -> Result<Ticket, JournalError> {
        if self.full.load(Ordering::Relaxed) {
            let reason = io::ErrorKind::StorageFull.into();
            return Err(JournalError::Write { path: self.journal.path().to_owned(), reason });
        }
        self.journal.record(undo)
    }

    fn settle(&self, ticket: Ticket) {
        self.journal.settle(ticket);
    }
}

/// What no captured output may show.
pub const HIDDEN: &str = "hidden-from-logs";

/// A run with a folder of its own.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub recorder: Arc<Fillable>,
    pub run: RunId,
    pub supervision: Supervision,
}

impl Bench {
    pub fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::fresh().unwrap();
        let state = StateFolder::at(&folder.path().join("state")).unwrap();
        let journal = Journal::begin(&state, &run).unwrap();
        let recorder = Arc::new(Fillable { journal, full: AtomicBool::new(false) });
        let supervision = Supervision::begin(Surroundings {
            run: run.clone(),
            recorder: Arc::clone(&recorder) as Arc<dyn Recorder>,
            timeline: Timeline::begin(),
            scenario_folder: folder.path().to_owned(),
            output_folder: folder.path().join("out"),
            mask: Mask::new([HIDDEN.to_owned()]),
        })
        .unwrap();
        Bench { folder, recorder, run, supervision }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn process(&self, command: &str) -> Process {
        self.with(command, |_| {})
    }

    pub fn with(&self, command: &str, change: impl FnOnce(&mut ProcessOptions)) -> Process {
        let mut options = ProcessOptions::new("subject", split_command(command).unwrap());
        change(&mut options);
        self.supervision.process(options).unwrap()
    }

    pub fn living(&self) -> Vec<i32> {
        let table = ProcessTable::read().unwrap();
        MarkedProcesses::of(self.run.clone()).members(&table).iter().map(|one| one.pid).collect()
    }

    /// The state letters of the run's processes.
    pub fn letters(&self) -> String {
        let letter = |pid: &i32| ProcessEntry::read(*pid).map(|entry| char::from(entry.state));
        self.living().iter().filter_map(letter).collect()
    }

    pub async fn until_living(&self, count: usize) {
        until("the number of processes", || self.living().len() == count).await;
    }

    pub async fn end(self, process: Process) {
        process.end().await.unwrap();
        assert_eq!(self.living(), [0; 0]);
        self.supervision.end().await.unwrap();
        self.recorder.journal.finish().unwrap();
        assert!(!self.recorder.journal.path().exists());
    }
}

pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} never came"));
}

pub async fn until_state(process: &Process, holds: impl Fn(&ProcessState) -> bool) -> ProcessState {
    let mut state = process.watch();
    let found = timeout(PATIENCE, state.wait_for(|now| holds(now))).await;
    found.unwrap_or_else(|_| panic!("stays {:?}", process.state())).unwrap().clone()
}

/// Ends the run and looks at its folder before that goes.
pub async fn bench_end_keeping(bench: Bench, process: Process, look: impl FnOnce(&Path)) {
    process.end().await.unwrap();
    look(bench.path());
    bench.supervision.end().await.unwrap();
    bench.recorder.journal.finish().unwrap();
}
