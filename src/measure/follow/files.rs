//! Files that are finished: closed after writing, or moved into place.

use std::collections::HashMap;
use std::fs::Metadata;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::lateness::Lateness;
use super::lease::is_being_written;
use super::outbox::Outbox;
use crate::lang::moment::Moment;
use crate::lang::pattern::Pattern;

/// Files whose state is remembered, to find out what happened while notifications were lost.
const MOST_KNOWN: usize = 1 << 20;

/// Events that wait for a busy receiver; more are lost and counted.
const MOST_WAITING: usize = 1 << 16;

/// The bit of a signature that tells files that were moved into place.
const MOVED: u64 = 1;

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileHappening {
    /// Closed after it had been open for writing.
    Closed,
    /// Renamed or linked into place, or found finished in a directory that is itself new.
    Moved,
    /// Deleted or renamed away.
    Gone,
}

/// One event of a file follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvent {
    /// When it was notified of.
    pub at: Moment,
    /// Which file, by the name it was found under.
    pub path: PathBuf,
    /// What happened to it.
    pub happening: FileHappening,
}

/// The hub's side of a file follower.
#[derive(Debug)]
pub struct Files {
    pub pattern: Pattern,
    pub outbox: Outbox<FileEvent>,
    hasher: RandomState,
    /// By hash of the path: what the file was when last heard of; with [`MOVED`] where it was moved into place then.
    known: HashMap<u64, u64>,
    /// Told because a listing showed them; the notification may still be on its way.
    found: HashMap<PathBuf, u64>,
    pub missed: u64,
}

impl Files {
    pub fn new(pattern: Pattern, outbox: Outbox<FileEvent>) -> Files {
        Files {
            pattern,
            outbox,
            hasher: RandomState::new(),
            known: HashMap::new(),
            found: HashMap::new(),
            missed: 0,
        }
    }

    /// It was there before: it does not count.
    pub fn was_there(&mut self, path: &Path) {
        if let Ok(metadata) = std::fs::metadata(path) {
            self.know(path, self.signature(&metadata));
        }
    }

    /// A listing shows a file: told unless it is still being written or was told already.
    pub fn found(&mut self, path: &Path, at: Moment) {
        let Ok(metadata) = std::fs::metadata(path) else { return };
        let signature = self.signature(&metadata);
        let known = self.known_as(path).is_some_and(|known| known & !MOVED == signature);
        if known || !metadata.is_file() || is_being_written(path) {
            return;
        }
        self.know(path, signature);
        self.found.insert(path.to_path_buf(), signature);
        self.tell(path, at, FileHappening::Moved);
    }

    /// A notification says that a file was closed or moved into place.
    pub fn finished(&mut self, path: &Path, at: Moment, how: FileHappening, lateness: &mut Lateness) {
        if let Ok(metadata) = std::fs::metadata(path) {
            if !metadata.is_file() {
                return;
            }
            let signature = self.signature(&metadata);
            // Moved into place while it was open, and closed only now: told already.
            if how == FileHappening::Closed && self.known_as(path) == Some(signature | MOVED) {
                return;
            }
            self.know(path, if how == FileHappening::Moved { signature | MOVED } else { signature });
            if self.found.remove(path) == Some(signature) {
                return;
            }
            if how == FileHappening::Moved {
                lateness.record(changed(&metadata));
            }
        }
        self.tell(path, at, how);
    }

    /// A notification says that a name was given to a file: a hard link is a finished file moved into place,
    /// anything else is only beginning.
    pub fn created(&mut self, path: &Path, at: Moment) {
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.nlink() > 1) {
            self.found(path, at);
        }
    }

    pub fn gone(&mut self, path: &Path, at: Moment) {
        self.known.remove(&self.hasher.hash_one(path));
        self.found.remove(path);
        self.tell(path, at, FileHappening::Gone);
    }

    /// Every notification up to now has been heard: what comes is new.
    pub fn all_heard(&mut self) {
        self.found.clear();
    }

    fn tell(&mut self, path: &Path, at: Moment, happening: FileHappening) {
        if self.outbox.waiting() >= MOST_WAITING {
            self.missed += 1;
            return;
        }
        self.outbox.send(FileEvent { at, path: path.to_path_buf(), happening });
    }

    fn known_as(&self, path: &Path) -> Option<u64> {
        self.known.get(&self.hasher.hash_one(path)).copied()
    }

    fn know(&mut self, path: &Path, signature: u64) {
        let hash = self.hasher.hash_one(path);
        if self.known.len() < MOST_KNOWN || self.known.contains_key(&hash) {
            self.known.insert(hash, signature);
        }
    }

    /// What a file is, by what changes with it; without [`MOVED`].
    fn signature(&self, metadata: &Metadata) -> u64 {
        let times = (metadata.mtime(), metadata.mtime_nsec());
        self.hasher.hash_one((metadata.dev(), metadata.ino(), metadata.size(), times)) & !MOVED
    }
}

/// When the file system last changed the file or its name.
fn changed(metadata: &Metadata) -> SystemTime {
    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    let nanos = u64::try_from(metadata.ctime_nsec()).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}
