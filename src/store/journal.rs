//! The undo journal of one run: on disk before anything is done, gone when nothing is left to undo.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::fcntl::{Flock, FlockArg};
use thiserror::Error;

use super::journal_file::{self, Header, Line, VERSION};
use super::state_folder::{DRAFT_ENDING, StateFolder};
use crate::kinds::undo::{Identity, JournalError, Recorder, RunId, Ticket, Undo};

/// How much may stand undone at once.
pub const OWED_LIMIT: usize = 10_000;
/// A journal longer than this, in bytes, is written anew with what is still owed, if that makes it much shorter.
pub const REWRITE_AT: u64 = 1024 * 1024;

/// The journal a run writes. It holds the lock that tells others the run is alive.
pub struct Journal {
    path: PathBuf,
    run: RunId,
    inner: Mutex<Inner>,
}

struct Inner {
    file: Flock<File>,
    /// Bytes of whole lines; what a failed write left behind them is cut off.
    length: u64,
    /// The length at which writing it anew is worth a try.
    rewrite_at: u64,
    next: u64,
    owed: BTreeMap<u64, Undo>,
    damaged: bool,
}

/// A run's end with something still standing.
#[derive(Debug, Error)]
#[error("{owed} faults or processes could not be undone; `soak recover` tries again from `{}`", .path.display())]
pub struct Unfinished {
    pub owed: usize,
    pub path: PathBuf,
}

impl Journal {
    /// Begins the journal of `run` and takes its lock.
    ///
    /// # Errors
    /// When it cannot be written, or the name is taken.
    pub fn begin(folder: &StateFolder, run: &RunId) -> Result<Journal, JournalError> {
        let path = folder.journal_of(run);
        if fs::symlink_metadata(&path).is_ok() {
            return Err(JournalError::Taken { run: run.to_string() });
        }
        let failed = |reason| JournalError::Write { path: path.clone(), reason };
        let (file, length) = write_whole(&path, run, &BTreeMap::new()).map_err(failed)?;
        let inner =
            Inner { file, length, rewrite_at: REWRITE_AT, next: 1, owed: BTreeMap::new(), damaged: false };
        Ok(Journal { path, run: run.clone(), inner: Mutex::new(inner) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// How much stands undone.
    pub fn owed(&self) -> usize {
        self.lock().owed.len()
    }

    /// Removes the file, for the end of a run. Undos that are still owed keep it, for `soak recover`.
    ///
    /// # Errors
    /// When something is still owed.
    pub fn finish(&self) -> Result<(), Unfinished> {
        let inner = self.lock();
        if inner.owed.is_empty() {
            // Where the file cannot be removed, the next run finds it empty and tries again.
            let _ = fs::remove_file(&self.path);
            Ok(())
        } else {
            Err(Unfinished { owed: inner.owed.len(), path: self.path.clone() })
        }
    }

    /// A panic elsewhere leaves the journal usable: every change to it is whole before the lock is given back.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, reason: io::Error) -> JournalError {
        JournalError::Write { path: self.path.clone(), reason }
    }
}

impl Recorder for Journal {
    fn record(&self, undo: &Undo) -> Result<Ticket, JournalError> {
        let mut inner = self.lock();
        if inner.owed.len() >= OWED_LIMIT {
            return Err(JournalError::Full { limit: OWED_LIMIT });
        }
        if inner.damaged {
            return Err(JournalError::Damaged { path: self.path.clone() });
        }
        inner.rewrite_if_long(&self.path, &self.run).map_err(|reason| self.failed(reason))?;
        let ticket = inner.next;
        let line = journal_file::line_of(&Line::Owed { ticket, undo: undo.clone() });
        line.and_then(|line| inner.append(&line, Durability::Disk)).map_err(|reason| self.failed(reason))?;
        inner.next += 1;
        inner.owed.insert(ticket, undo.clone());
        Ok(Ticket(ticket))
    }

    fn settle(&self, ticket: Ticket) {
        let mut inner = self.lock();
        if inner.owed.remove(&ticket.0).is_some() && !inner.damaged {
            // A note that is lost costs nothing: what it settles is undone once more, to no effect.
            let _ = journal_file::line_of(&Line::Settled { settled: ticket.0 })
                .and_then(|line| inner.append(&line, Durability::Memory));
        }
    }
}

/// How far a line has to have come before the run goes on.
enum Durability {
    Memory,
    Disk,
}

impl Inner {
    /// Appends a whole line or nothing.
    fn append(&mut self, line: &[u8], durability: Durability) -> io::Result<()> {
        let written = self.file.write_all(line).and_then(|()| match durability {
            Durability::Disk => self.file.sync_data(),
            Durability::Memory => Ok(()),
        });
        match written {
            Ok(()) => self.length += line.len() as u64,
            // A torn line in the middle would make the next one unreadable too.
            Err(_) => self.damaged = self.file.set_len(self.length).is_err(),
        }
        written
    }

    fn rewrite_if_long(&mut self, path: &Path, run: &RunId) -> io::Result<()> {
        if self.length < self.rewrite_at {
            return Ok(());
        }
        let (file, length) = write_whole(path, run, &self.owed)?;
        self.file = file;
        self.length = length;
        self.rewrite_at = REWRITE_AT.max(length * 2);
        Ok(())
    }
}

/// Writes a journal beside its place, locks it, and moves it there: nobody ever sees one that is half written or
/// that a living run does not hold.
fn write_whole(path: &Path, run: &RunId, owed: &BTreeMap<u64, Undo>) -> io::Result<(Flock<File>, u64)> {
    let draft = path.with_extension(DRAFT_ENDING);
    let result = write_draft(&draft, run, owed).and_then(|written| {
        fs::rename(&draft, path)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        File::open(folder)?.sync_all()?;
        Ok(written)
    });
    if result.is_err() {
        // The failure being reported matters more than a draft left behind.
        let _ = fs::remove_file(&draft);
    }
    result
}

fn write_draft(draft: &Path, run: &RunId, owed: &BTreeMap<u64, Undo>) -> io::Result<(Flock<File>, u64)> {
    let runner = Identity::own().ok_or_else(|| io::Error::other("/proc does not show this process"))?;
    let file = File::options().create(true).append(true).mode(0o600).open(draft)?;
    let mut file =
        Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, reason)| io::Error::from(reason))?;
    file.set_len(0)?;
    let mut text = journal_file::line_of(&Header { version: VERSION, run: run.clone(), runner })?;
    for (ticket, undo) in owed {
        text.extend(journal_file::line_of(&Line::Owed { ticket: *ticket, undo: undo.clone() })?);
    }
    file.write_all(&text)?;
    file.sync_all()?;
    Ok((file, text.len() as u64))
}
