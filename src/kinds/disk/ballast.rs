//! Ballast: a file that takes up a disk's space for as long as it is held.
//!
//! It has no name, so that the kernel frees it with the process that holds it, however that ends. Where a file system
//! makes no files without names (open(2), `O_TMPFILE`), it has one for a moment, which the journal knows.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use nix::libc;
use thiserror::Error;

use super::reserve::room_in_memory;
use super::space::Space;
use crate::kinds::undo::{Applied, JournalError, OwnedFile, Recorder, RunId, Undo, UndoError};

/// So much is asked for at once where the file system gives space without its being written.
const STEP: u64 = 256 << 20;

/// How far a disk is to be filled.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The share in use.
    pub share: f64,
    /// Bytes that stay free whatever the share says.
    pub reserve: u64,
}

/// Who needs to know of it.
#[derive(Clone)]
pub struct Owner {
    pub run: RunId,
    pub recorder: Arc<dyn Recorder>,
}

/// What is looked at between two pieces.
#[derive(Clone, Copy)]
pub(super) struct Until<'a> {
    /// The filling is no longer wanted.
    pub ended: &'a AtomicBool,
    /// Nothing of the disk is.
    pub stop: &'a AtomicBool,
}

impl Until<'_> {
    pub(super) fn is_over(self) -> bool {
        self.ended.load(Ordering::Relaxed) || self.stop.load(Ordering::Relaxed)
    }
}

/// What was done. The space is taken until it is dropped.
#[derive(Debug)]
pub struct Ballast {
    file: File,
    /// Bytes taken.
    pub bytes: u64,
    /// As the disk was before.
    pub before: Space,
    /// As it was when nothing more was to be taken.
    pub after: Space,
    pub stopped: Stopped,
}

/// Why no more was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The share is in use.
    Reached,
    /// The reserve is all that is left, of the disk or of the machine's memory.
    Reserve,
    /// The file system gave no more: a quota, most likely.
    Refused,
    /// Nobody wanted it any more.
    Ended,
}

/// Why a disk could not be filled.
#[derive(Debug, Error)]
pub enum BallastError {
    #[error("no ballast can be written to `{}`: {reason}", .folder.display())]
    Write { folder: PathBuf, reason: io::Error },
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Undo(#[from] UndoError),
}

impl Ballast {
    /// How full the disk is now.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn space(&self) -> io::Result<Space> {
        Space::under(&self.file)
    }

    /// Takes space of the disk under a folder. It waits for the disk. `noise` is written where space has to be written to
    /// be taken; `until` is looked at between two pieces.
    ///
    /// # Errors
    /// When nothing can be written there at all.
    pub(super) fn take(
        folder: &Path,
        wanted: Wanted,
        owner: &Owner,
        noise: &[u8],
        until: Until<'_>,
    ) -> Result<Ballast, BallastError> {
        let failed = |reason| BallastError::Write { folder: folder.to_owned(), reason };
        let file = match without_name(folder) {
            Ok(file) => file,
            Err(error) if has_no_nameless(&error) => named_for_a_moment(folder, owner)?,
            Err(error) => return Err(failed(error)),
        };
        let before = Space::under(&file).map_err(failed)?;
        let mut filling = Filling {
            file,
            wanted,
            bytes: 0,
            limit: missing(before, wanted.share),
            step: STEP,
            by_hand: false,
        };
        let stopped = filling.go_on(noise, until).map_err(failed)?;
        let after = Space::under(&filling.file).map_err(failed)?;
        Ok(Ballast { file: filling.file, bytes: filling.bytes, before, after, stopped })
    }
}

fn missing(now: Space, share: f64) -> u64 {
    now.free.saturating_sub(now.free_at(share))
}

fn without_name(folder: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(libc::O_TMPFILE).mode(0o600).open(folder)
}

/// Whether it is the file system, or an old kernel, that knows no files without names.
fn has_no_nameless(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL))
}

fn named_for_a_moment(folder: &Path, owner: &Owner) -> Result<File, BallastError> {
    let path = folder.join(format!(".soak-ballast-{}", owner.run));
    let applied = Applied::record(&owner.recorder, Undo::File(OwnedFile::plan(&path, &owner.run)?))?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let file = file.map_err(|reason| BallastError::Write { folder: folder.to_owned(), reason })?;
    // The space is taken for as long as the file is open.
    applied.undo()?;
    Ok(file)
}

struct Filling {
    file: File,
    wanted: Wanted,
    bytes: u64,
    /// No more than was missing at first: some file systems tell late of what was written.
    limit: u64,
    step: u64,
    /// Space is taken by writing.
    by_hand: bool,
}

impl Filling {
    fn go_on(&mut self, noise: &[u8], until: Until<'_>) -> io::Result<Stopped> {
        loop {
            let now = Space::under(&self.file)?;
            let left = missing(now, self.wanted.share).min(self.limit - self.bytes);
            let room = now.free.saturating_sub(self.wanted.reserve);
            let room = room.min(room_in_memory(&self.file).unwrap_or(u64::MAX));
            if left < now.block {
                return Ok(Stopped::Reached);
            }
            if room < now.block {
                return Ok(Stopped::Reserve);
            }
            if until.is_over() {
                return Ok(Stopped::Ended);
            }
            let most = if self.by_hand { noise.len() as u64 } else { u64::MAX };
            let piece = left.min(room).min(self.step).min(most);
            let piece = (piece - piece % now.block).max(now.block);
            match self.grow(piece, noise) {
                Ok(()) => self.bytes += piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_full(&error) && piece > now.block => self.step = piece / 2,
                Err(error) if is_full(&error) => return Ok(Stopped::Refused),
                Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) && !self.by_hand => {
                    self.by_hand = true;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn grow(&self, piece: u64, noise: &[u8]) -> io::Result<()> {
        if self.by_hand {
            let end = noise.len().min(piece as usize);
            self.file.write_all_at(&noise[..end], self.bytes)?;
            // Some file systems count what is written only when it is on the disk.
            return self.file.sync_data();
        }
        let length = |bytes: u64| i64::try_from(bytes).map_err(|_| io::Error::from(Errno::EFBIG));
        fallocate(&self.file, FallocateFlags::empty(), length(self.bytes)?, length(piece)?)?;
        Ok(())
    }
}

pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::undo::Ticket;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Recorder for Kept {
        fn record(&self, undo: &Undo) -> Result<Ticket, JournalError> {
            self.0.lock().unwrap().push(undo.describe());
            Ok(Ticket(1))
        }

        fn settle(&self, _: Ticket) {
            self.0.lock().unwrap().push("settled".into());
        }
    }

    fn owner(kept: &Arc<Kept>) -> Owner {
        Owner { run: RunId::fresh().unwrap(), recorder: Arc::clone(kept) as Arc<dyn Recorder> }
    }

    #[test]
    fn a_name_that_has_to_be_is_journaled_and_gone_before_anything_is_written() {
        let home = tempfile::tempdir().unwrap();
        let kept = Arc::new(Kept::default());
        let file = named_for_a_moment(home.path(), &owner(&kept)).unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
        file.write_all_at(b"held", 0).unwrap();
        let kept = kept.0.lock().unwrap();
        assert!(kept[0].contains(".soak-ballast-") && kept[1] == "settled", "{kept:?}");
    }

    #[test]
    fn space_is_taken_by_writing_where_it_cannot_be_had_otherwise() {
        let (home, over) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
        let file = without_name(home.path()).unwrap();
        let wanted = Wanted { share: 1.0, reserve: 0 };
        let mut filling = Filling { file, wanted, bytes: 0, limit: 5 << 20, step: STEP, by_hand: true };
        let stopped = filling.go_on(&vec![7; 1 << 20], Until { ended: &over, stop: &over }).unwrap();
        assert_eq!((stopped, filling.bytes), (Stopped::Reached, 5 << 20));
        assert_eq!(filling.file.metadata().unwrap().len(), 5 << 20);
    }

    #[test]
    fn what_is_full_enough_or_no_longer_wanted_takes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let owner = owner(&Arc::new(Kept::default()));
        let take = |share, ended| {
            let ended = AtomicBool::new(ended);
            let until = Until { ended: &ended, stop: &ended };
            Ballast::take(home.path(), Wanted { share, reserve: 0 }, &owner, &[7; 4096], until).unwrap()
        };
        let fuller = take(0.0, false);
        assert_eq!((fuller.bytes, fuller.stopped), (0, Stopped::Reached));
        let ended = take(1.0, true);
        assert_eq!((ended.bytes, ended.stopped), (0, Stopped::Ended));
    }
}
