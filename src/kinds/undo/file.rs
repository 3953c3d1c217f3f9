//! A file soak made: known as the run's by the run's name in its own.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::names_run;
use super::run_id::RunId;
use super::{Outcome, UndoError};

/// A file whose name holds the run's name, such as the ballast of a filled disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedFile {
    path: PathBuf,
    run: RunId,
}

impl OwnedFile {
    /// The file to be made at `path`.
    ///
    /// # Errors
    /// When the path does not start at the root or its last part does not hold the run's name.
    pub fn plan(path: &Path, run: &RunId) -> Result<OwnedFile, UndoError> {
        let file = OwnedFile { path: path.to_owned(), run: run.clone() };
        file.check_name()?;
        Ok(file)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn check_name(&self) -> Result<(), UndoError> {
        if !self.path.is_absolute() {
            return Err(UndoError::RelativePath { path: self.path.clone() });
        }
        if names_run(&self.path, &self.run) {
            Ok(())
        } else {
            Err(UndoError::NotOwned { path: self.path.clone() })
        }
    }

    pub(super) fn carry_out(&self) -> Result<Outcome, UndoError> {
        self.check_name()?;
        match fs::symlink_metadata(&self.path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(UndoError::NotOwned { path: self.path.clone() }),
            Err(reason) if reason.kind() == ErrorKind::NotFound => return Ok(Outcome::AlreadyGone),
            Err(reason) => return Err(UndoError::Remove { path: self.path.clone(), reason }),
        }
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(Outcome::Undone),
            Err(reason) if reason.kind() == ErrorKind::NotFound => Ok(Outcome::AlreadyGone),
            Err(reason) => Err(UndoError::Remove { path: self.path.clone(), reason }),
        }
    }

    pub(super) fn describe(&self) -> String {
        format!("file `{}`", self.path.display())
    }
}
