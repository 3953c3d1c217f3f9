//! Where journals lie: one folder a user, the same for every run, so that a later run finds what an earlier left.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::kinds::undo::{JournalError, RunId};

/// The ending of a journal's file name.
const ENDING: &str = "journal";
/// The ending of a journal that is being written and has not come into its place.
pub(super) const DRAFT_ENDING: &str = "draft";
/// A draft takes milliseconds; one this old was left by a run that died over it, and nothing was done on its strength.
const DRAFT_LIMIT: Duration = Duration::from_secs(3600);
/// Only their owner may read journals or put something there.
const MODE: u32 = 0o700;

/// A folder that holds journals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFolder {
    path: PathBuf,
}

impl StateFolder {
    /// The first of the usual places that can be used: `$XDG_STATE_HOME/soak`, `~/.local/state/soak`,
    /// `/var/tmp/soak-UID`. Makes it where it is missing.
    ///
    /// # Errors
    /// When none can be.
    pub fn open() -> Result<StateFolder, JournalError> {
        let mut tried = Vec::new();
        for place in usual_places() {
            match StateFolder::at(&place) {
                Ok(folder) => return Ok(folder),
                Err(reason) => tried.push(format!("`{}`: {reason}", place.display())),
            }
        }
        Err(JournalError::NoFolder { tried: tried.join("; ") })
    }

    /// This very folder, made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made or written, belongs to someone else, or others may write to it.
    pub fn at(path: &Path) -> io::Result<StateFolder> {
        fs::DirBuilder::new().recursive(true).mode(MODE).create(path)?;
        let folder = StateFolder { path: path.canonicalize()? };
        folder.check_owner(path)?;
        nix::unistd::access(&folder.path, nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK)?;
        Ok(folder)
    }

    /// All usual places that exist: an earlier run may have had to use another one than the next.
    pub fn existing() -> Vec<StateFolder> {
        let there = |path: PathBuf| {
            let folder = StateFolder { path: path.canonicalize().ok()? };
            folder.check_owner(&path).ok()?;
            Some(folder)
        };
        usual_places().into_iter().filter_map(there).collect()
    }

    /// A journal is followed to the letter, so nobody else may be able to write one.
    fn check_owner(&self, named: &Path) -> io::Result<()> {
        let found = fs::symlink_metadata(named)?;
        let found = if found.is_symlink() { fs::metadata(named)? } else { found };
        if !found.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        if found.uid() != nix::unistd::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
        if found.mode() & 0o077 != 0 {
            fs::set_permissions(&self.path, fs::Permissions::from_mode(MODE))?;
        }
        Ok(())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the journal of `run` lies.
    pub fn journal_of(&self, run: &RunId) -> PathBuf {
        self.path.join(format!("{run}.{ENDING}"))
    }

    /// Removes drafts that nobody will finish.
    pub(super) fn remove_drafts(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let written = fs::symlink_metadata(&path).and_then(|found| found.modified()).ok();
            let age = written.and_then(|written| written.elapsed().ok());
            if path.extension().is_some_and(|ending| ending == DRAFT_ENDING) && age > Some(DRAFT_LIMIT) {
                // It is in nobody's way.
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The journals there are, by name.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn journals(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }
}

fn usual_places() -> Vec<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let mut places = Vec::new();
    places.extend(absolute("XDG_STATE_HOME").map(|path| path.join("soak")));
    places.extend(absolute("HOME").map(|path| path.join(".local/state/soak")));
    places.push(PathBuf::from(format!("/var/tmp/soak-{}", nix::unistd::geteuid())));
    places
}
