//! A crowd: empty files that take up a disk's inodes for as long as they are there.
//!
//! A file without a name costs its holder a descriptor, of which there are fewer than inodes. So these have names, in a
//! hidden folder that the journal knows.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::ballast::{BallastError, Owner, Stopped, Until, Wanted, is_full};
use super::reserve::room_in_memory;
use crate::kinds::undo::{Applied, OwnedFolder, Undo};

/// What the hidden folder's name begins with, at the top of a disk.
pub(super) const HIDDEN: &str = ".soak-files-";
/// So many files lie in one folder.
const TOGETHER: u64 = 1000;
/// So often is looked whether more are wanted.
const LOOK_EVERY: u64 = 256;
/// Of a disk of which bytes are kept free, so many inodes are too.
const RESERVE: u64 = 4096;
/// What a file takes of a machine's memory on a disk in memory, at least.
const BYTES_A_FILE: u64 = 1024;

/// How many files a file system has, and can still have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inodes {
    pub used: u64,
    /// For an unprivileged user.
    pub free: u64,
}

impl Inodes {
    /// Of the file system that a path lies on.
    ///
    /// # Errors
    /// What the kernel says, and where the file system does not count its files.
    pub fn of(path: &Path) -> io::Result<Inodes> {
        let status = statvfs(path)?;
        if status.files() == 0 {
            return Err(io::Error::other("this file system has no fixed number of inodes"));
        }
        let used = status.files().saturating_sub(status.files_free());
        Ok(Inodes { used, free: status.files_available() })
    }

    /// The share in use: what `df -i` tells.
    pub fn share(self) -> f64 {
        self.used as f64 / (self.used + self.free).max(1) as f64
    }

    /// How many are free when a share is in use.
    pub fn free_at(self, share: f64) -> u64 {
        let whole = (self.used + self.free) as f64;
        (whole * (1.0 - share)).max(0.0).floor() as u64
    }
}

/// What was done. The files are there until it is dispersed, or dropped.
pub struct Crowd {
    applied: Applied,
    /// The folder with the files, where a faulty disk does not stand in the way.
    folder: OwnedFolder,
    /// How many, with the folders that they lie in.
    pub files: u64,
    /// As the disk was before.
    pub before: Inodes,
    /// As it was when no more were to be made.
    pub after: Inodes,
    pub stopped: Stopped,
}

impl Crowd {
    /// Makes files on the disk under a folder, which others come to by another path where that is a faulty one. It waits for
    /// the disk; `until` is looked at again and again.
    ///
    /// # Errors
    /// When none can be made there at all.
    pub(super) fn gather(
        (below, seen): (&Path, &Path),
        wanted: Wanted,
        owner: &Owner,
        until: Until<'_>,
    ) -> Result<Crowd, BallastError> {
        let failed = |reason| BallastError::Write { folder: seen.to_owned(), reason };
        let name = format!("{HIDDEN}{}", owner.run);
        let before = Inodes::of(below).map_err(failed)?;
        let home = below.join(&name);
        let folder = OwnedFolder::plan(&home, &owner.run)?;
        // By a path that another process can come by, too.
        let by_others = OwnedFolder::plan(&seen.join(&name), &owner.run)?;
        let applied = Applied::record(&owner.recorder, Undo::Folder(by_others))?;
        let goal = before.free_at(wanted.share);
        if before.free <= goal {
            return Ok(Crowd { applied, folder, files: 0, before, after: before, stopped: Stopped::Reached });
        }
        folder.create().map_err(failed)?;
        let reserve = if wanted.reserve > 0 { RESERVE } else { 0 };
        let mut gathering = Gathering { home, goal, reserve, made: 0 };
        let stopped = gathering.go_on(until).map_err(failed)?;
        let after = Inodes::of(below).map_err(failed)?;
        let files = before.free.saturating_sub(after.free);
        Ok(Crowd { applied, folder, files, before, after, stopped })
    }

    /// Removes the files.
    ///
    /// # Errors
    /// When some are still there; the journal keeps them.
    pub(super) fn disperse(self) -> Result<(), BallastError> {
        match Undo::Folder(self.folder).carry_out() {
            Ok(_) => {
                self.applied.settle();
                Ok(())
            }
            Err(error) => {
                self.applied.leave_to_journal();
                Err(error.into())
            }
        }
    }
}

struct Gathering {
    home: PathBuf,
    /// So many stay free, because no more were asked for, and because soak and the machine need some.
    goal: u64,
    reserve: u64,
    made: u64,
}

impl Gathering {
    fn go_on(&mut self, until: Until<'_>) -> io::Result<Stopped> {
        loop {
            let now = Inodes::of(&self.home)?;
            // Others make files too, and a folder is an inode as well.
            let left = now.free.saturating_sub(self.goal);
            let room = now.free.saturating_sub(self.reserve);
            let memory = room_in_memory(&fs::File::open(&self.home)?);
            let room = memory.map_or(room, |bytes| room.min(bytes / BYTES_A_FILE));
            if left == 0 {
                return Ok(Stopped::Reached);
            }
            if room == 0 {
                return Ok(Stopped::Reserve);
            }
            if until.is_over() {
                return Ok(Stopped::Ended);
            }
            for _ in 0..left.min(room).min(LOOK_EVERY) {
                match self.one_more() {
                    Ok(true) => {}
                    // A folder was made, and what is left is counted again.
                    Ok(false) => break,
                    Err(error) if is_full(&error) => return Ok(Stopped::Refused),
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Makes a file, or a folder where one is due first; tells whether it was a file.
    fn one_more(&mut self) -> io::Result<bool> {
        let folder = self.home.join((self.made / TOGETHER).to_string());
        let path = folder.join(self.made.to_string());
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Ok(_) => {
                self.made += 1;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir(folder)?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_what_an_ordinary_user_could_make() {
        let inodes = Inodes { used: 60, free: 40 };
        assert_eq!((inodes.share(), inodes.free_at(0.9), inodes.free_at(1.0)), (0.6, 9, 0));
    }
}
