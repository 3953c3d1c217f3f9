//! Carrying out the journals of runs that are no more.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::journal_file::{self, Line};
use super::state_folder::StateFolder;
use crate::kinds::undo::{Outcome, RunId, Undo, UndoError};

/// How long is waited for the guardian of a dead run that undoes it just now.
const OTHERS_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What became of one dead run's journal.
#[derive(Debug)]
pub struct Recovered {
    /// Whose journal it was.
    pub run: RunId,
    /// The number the runner had.
    pub runner: i32,
    /// What was still there and is undone now, newest first.
    pub undone: Vec<String>,
    /// What was gone already.
    pub already_gone: Vec<String>,
    /// What is still there, and why.
    pub failed: Vec<(String, UndoError)>,
    /// Lines that mean nothing to this soak.
    pub unreadable: usize,
    /// The journal, where it was kept for another attempt.
    pub kept: Option<PathBuf>,
}

/// A journal that could not be worked on.
#[derive(Debug, Error)]
pub enum RecoverError {
    #[error("cannot read the undo journal `{}`: {reason}", .path.display())]
    Read { path: PathBuf, reason: io::Error },
    #[error("`{}` is no undo journal that this soak can read; a newer soak may have written it", .path.display())]
    Unknown { path: PathBuf },
    #[error(
        "another process has been undoing what `{}` says for {} s, and has not come to its end",
        .path.display(),
        OTHERS_LIMIT.as_secs()
    )]
    Busy { path: PathBuf },
}

/// Undoes what dead runs left behind, in all usual places, and waits where their guardians do so just now. Journals of
/// living runs are not touched.
pub fn recover_stale() -> Vec<Result<Recovered, RecoverError>> {
    StateFolder::existing().iter().flat_map(recover_in).collect()
}

/// As [`recover_stale`], in one folder.
pub fn recover_in(folder: &StateFolder) -> Vec<Result<Recovered, RecoverError>> {
    folder.remove_drafts();
    let failed = |reason| RecoverError::Read { path: folder.path().to_owned(), reason };
    match folder.journals() {
        Ok(journals) => journals.iter().filter_map(|path| carry_out_or_wait(path).transpose()).collect(),
        Err(reason) => vec![Err(failed(reason))],
    }
}

/// As [`carry_out`], once nobody else is at it any more.
fn carry_out_or_wait(path: &Path) -> Result<Option<Recovered>, RecoverError> {
    let deadline = Instant::now() + OTHERS_LIMIT;
    loop {
        let recovered = carry_out(path)?;
        if recovered.is_some() || !is_of_dead_run(path) {
            return Ok(recovered);
        }
        if Instant::now() >= deadline {
            return Err(RecoverError::Busy { path: path.to_owned() });
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Whether there is a journal whose runner is known to be dead: one of another boot or another set of process numbers is
/// not known to be.
fn is_of_dead_run(path: &Path) -> bool {
    let content = fs::File::open(path).and_then(|file| journal_file::read(&file)).ok().flatten();
    content.is_some_and(|content| content.header.runner.is_here() && !content.header.runner.lives())
}

/// Carries out one journal, newest first, and removes it. `None` where it is gone or its run is alive.
///
/// # Errors
/// When it cannot be read.
pub fn carry_out(path: &Path) -> Result<Option<Recovered>, RecoverError> {
    let failed = |reason| RecoverError::Read { path: path.to_owned(), reason };
    let Some(mut file) = journal_file::open_unclaimed(path).map_err(failed)? else { return Ok(None) };
    let content = journal_file::read(&file).map_err(failed)?;
    let content = content.ok_or_else(|| RecoverError::Unknown { path: path.to_owned() })?;
    // Nothing of the run may go on while a busy disk is waited for below.
    let is_struck = |(ticket, undo): &(u64, Undo)| (undo.strike() == Outcome::Undone).then_some(*ticket);
    let struck: Vec<u64> = content.owed.iter().rev().filter_map(is_struck).collect();
    // A torn last line would swallow what is appended below.
    file.set_len(content.length).map_err(failed)?;
    let mut recovered = Recovered {
        run: content.header.run,
        runner: content.header.runner.pid,
        undone: Vec::new(),
        already_gone: Vec::new(),
        failed: Vec::new(),
        unreadable: content.unreadable,
        kept: None,
    };
    for (ticket, undo) in content.owed.iter().rev() {
        match undo.carry_out() {
            Ok(Outcome::AlreadyGone) if struck.contains(ticket) => recovered.undone.push(undo.describe()),
            Ok(Outcome::Undone) => recovered.undone.push(undo.describe()),
            Ok(Outcome::AlreadyGone) => recovered.already_gone.push(undo.describe()),
            Err(reason) => {
                recovered.failed.push((undo.describe(), reason));
                continue;
            }
        }
        // As in the run itself: without the note it is undone once more, to no effect.
        let _ =
            journal_file::line_of(&Line::Settled { settled: *ticket }).and_then(|line| file.write_all(&line));
    }
    let clean = recovered.failed.is_empty() && recovered.unreadable == 0;
    if !clean || fs::remove_file(path).is_err() {
        recovered.kept = Some(path.to_owned());
    }
    Ok(Some(recovered))
}

impl fmt::Display for Recovered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "run {} (pid {}) ended without cleaning up: ", self.run, self.runner)?;
        if self.undone.is_empty() {
            formatter.write_str("nothing was left to undo")?;
        } else {
            write!(formatter, "undone: {}", self.undone.join(", "))?;
        }
        for (what, reason) in &self.failed {
            write!(formatter, "; not undone: {what}: {reason}")?;
        }
        if self.unreadable > 0 {
            write!(formatter, "; {} lines could not be read", self.unreadable)?;
        }
        match &self.kept {
            Some(path) => write!(formatter, "; the journal `{}` is kept for another attempt", path.display()),
            None => Ok(()),
        }
    }
}
