//! One start of a process, from its journal entry to the end of its last descendant.

use std::collections::BTreeSet;
use std::path::Path;

use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::constraint::Constraints;
use super::error::ProcessError;
use super::options::{ProcessOptions, Surroundings};
use super::output::{self, Sink, Stream};
use super::pausing;
use super::probe::{self, FileMark, Probe, Probing, Readiness};
use super::reaper::{self, Claim};
use super::spawn::{Start, Streams, start};
use super::state::Exit;
use super::stdin::{self, SEND_QUEUE, Sent};
use crate::kinds::undo::{
    Applied, Delivery, Identity, Marker, Member, ProcessTable, StartedTree, Tree, Undo,
};

/// A started process.
pub(super) struct Instance {
    pub number: u64,
    pub child: Child,
    pub exit: Option<Exit>,
    pub tree: Tree,
    pub input: mpsc::Sender<Sent>,
    name: String,
    /// Members found earlier: they stay the tree's, even where mark, session and parents are gone.
    known: BTreeSet<Member>,
    started: Applied,
    paused: Option<Applied>,
    pub constraints: Constraints,
    probing: Option<AbortHandle>,
    _claim: Claim,
}

/// What a start needs beside the options.
pub(super) struct Connections<'a> {
    pub program: &'a Path,
    pub folder: &'a Path,
    pub sink: Sink,
    /// The tasks that read output; they outlive the instance until its pipes are closed.
    pub readers: &'a mut JoinSet<()>,
    /// Tasks that end with the instance.
    pub companions: &'a mut JoinSet<()>,
    pub readiness: mpsc::Sender<Readiness>,
}

impl Instance {
    /// Starts the program. The run's mark, which the journal has already, covers it until its own entry is written.
    pub fn start(
        options: &ProcessOptions,
        around: &Surroundings,
        connections: Connections<'_>,
    ) -> Result<Instance, ProcessError> {
        let failed = |reason| ProcessError::Start { name: options.name.clone(), reason };
        let marker = around.marker(&options.name);
        let before = probe::mark_of(options.ready.as_ref());
        let number = connections.sink.instance;
        let command = Start {
            program: connections.program,
            words: &options.command,
            environment: &options.environment,
            folder: connections.folder,
            marker: &marker,
            place: options.place.as_ref(),
        };
        let mut child = start(&command, Streams::Piped).map_err(failed)?;
        let gone = || failed(std::io::ErrorKind::NotFound.into());
        let pid = child.id().ok_or_else(gone)?;
        let claim = reaper::claim(pid);
        // It cannot be reaped before it is waited for, so the number is still its own.
        let root = i32::try_from(pid).ok().and_then(Identity::of).ok_or_else(gone)?;
        let tree = Tree { root, leads_session: true, marker: Some(marker) };
        let undo = Undo::Started(StartedTree { name: options.name.clone(), tree: tree.clone() });
        let started = match Applied::record(&around.recorder, undo) {
            Ok(started) => started,
            Err(error) => {
                tree.kill()?;
                return Err(error.into());
            }
        };
        let probing = probing(options, around, &connections, before);
        let (input, probing) = connect(&mut child, &options.name, connections, probing);
        Ok(Instance {
            number,
            child,
            exit: None,
            tree,
            input,
            name: options.name.clone(),
            known: BTreeSet::new(),
            started,
            paused: None,
            constraints: Constraints::default(),
            probing,
            _claim: claim,
        })
    }

    /// Waits for its exit; cancelling loses nothing.
    pub async fn exited(&mut self) -> Exit {
        match self.child.wait().await {
            Ok(status) => status.into(),
            // Cannot be while nobody else reaps it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Its own process has ended.
    pub fn note_exit(&mut self, exit: Exit) {
        self.exit = Some(exit);
        if let Some(probing) = self.probing.take() {
            probing.abort();
        }
    }

    /// The members that live.
    pub fn living(&mut self) -> Vec<Member> {
        living(&self.tree, &mut self.known)
    }

    /// Signals the whole tree once.
    pub fn signal_tree(&mut self, signal: Signal) -> Result<(), ProcessError> {
        let refused = self.living().into_iter().filter(|one| one.signal(signal) == Delivery::NotPermitted);
        if refused.count() == 0 {
            Ok(())
        } else {
            Err(ProcessError::NotPermitted { name: self.name.clone() })
        }
    }

    /// Signals its own process.
    pub fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        match self.tree.root.signal(signal) {
            Delivery::Sent => Ok(()),
            Delivery::Gone => Err(ProcessError::NotRunning { name: self.name.clone() }),
            Delivery::NotPermitted => Err(ProcessError::NotPermitted { name: self.name.clone() }),
        }
    }

    pub fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Stops the whole tree; the journal knows before the first process is.
    pub fn pause(&mut self, around: &Surroundings) -> Result<(), ProcessError> {
        if self.paused.is_some() {
            return Ok(());
        }
        let (tree, known) = (&self.tree, &mut self.known);
        let living = || living(tree, known);
        self.paused = Some(pausing::pause(&self.name, tree, &self.constraints, around, living)?);
        Ok(())
    }

    /// Lets the tree go on.
    pub fn resume(&mut self) -> Result<(), ProcessError> {
        let paused = self.paused.take();
        paused.map_or(Ok(()), |paused| pausing::resume(paused, &self.constraints))
    }

    /// Nobody of it lives any more: nothing is left to undo.
    pub fn over(self) {
        if let Some(paused) = self.paused {
            paused.settle();
        }
        self.started.settle();
    }

    /// Somebody of it lives and cannot be killed: `recover` is to try again.
    pub fn given_up(self) {
        if let Some(paused) = self.paused {
            paused.leave_to_journal();
        }
        self.started.leave_to_journal();
    }
}

/// The members of a tree that live, with those who were known. A table that cannot be read hides nobody of these.
fn living(tree: &Tree, known: &mut BTreeSet<Member>) -> Vec<Member> {
    let Ok(table) = ProcessTable::read() else { return known.iter().copied().collect() };
    let lives = |member: &Member| {
        table.get(member.pid).is_some_and(|entry| entry.started == member.started && !entry.is_zombie())
    };
    known.retain(lives);
    known.extend(tree.members(&table));
    known.iter().copied().collect()
}

/// The task that probes it; none where a line of its output or nothing at all makes it ready.
fn probing(
    options: &ProcessOptions,
    around: &Surroundings,
    connections: &Connections<'_>,
    before: FileMark,
) -> Option<Probing> {
    let probe = options.ready.clone().filter(|probe| !matches!(probe, Probe::Line(_)))?;
    Some(Probing {
        probe,
        instance: connections.sink.instance,
        before,
        environment: options.environment.clone(),
        folder: connections.folder.to_owned(),
        scenario_folder: around.scenario_folder.clone(),
        marker: Marker { run: around.run.clone(), process: None },
        place: options.place.clone(),
    })
}

/// Puts the tasks to work that read its output, write its input and probe it.
fn connect(
    child: &mut Child,
    name: &str,
    connections: Connections<'_>,
    probing: Option<Probing>,
) -> (mpsc::Sender<Sent>, Option<AbortHandle>) {
    if let Some(pipe) = child.stdout.take() {
        connections.readers.spawn(output::follow(pipe, Stream::Output, connections.sink.clone()));
    }
    if let Some(pipe) = child.stderr.take() {
        connections.readers.spawn(output::follow(pipe, Stream::Error, connections.sink.clone()));
    }
    let (input, lines) = mpsc::channel(SEND_QUEUE);
    if let Some(pipe) = child.stdin.take() {
        connections.companions.spawn(stdin::write(name.to_owned(), pipe, lines));
    }
    let companions = connections.companions;
    (input, probing.map(|probing| companions.spawn(probing.watch(connections.readiness))))
}
