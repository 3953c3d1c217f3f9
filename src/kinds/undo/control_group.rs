//! A control group soak made: whoever is in it goes back to where soak found it, and the group is removed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::folder::names_run;
use super::run_id::RunId;
use super::{Outcome, UndoError};

/// Whose members a group is; what is written to it joins it (cgroups(7)).
pub const MEMBERS: &str = "cgroup.procs";
/// How long a group may still be in use after its last member has left: the kernel takes apart who has ended.
const EMPTY_WITHIN: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// A control group of one run's own, by its folder, whose name holds the run's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedControlGroup {
    path: PathBuf,
    /// The group that its members came from.
    home: PathBuf,
    run: RunId,
}

impl OwnedControlGroup {
    /// The group to be made at `path`, of members that are in `home`.
    pub fn plan(path: &Path, home: &Path, run: &RunId) -> OwnedControlGroup {
        OwnedControlGroup { path: path.to_owned(), home: home.to_owned(), run: run.clone() }
    }

    /// Makes the group. To be called once the undo is in the journal.
    ///
    /// # Errors
    /// When there is one of that name, or none may be made there.
    pub fn create(&self) -> io::Result<()> {
        fs::create_dir(&self.path)
    }

    pub(super) fn carry_out(&self) -> Result<Outcome, UndoError> {
        if !names_run(&self.path, &self.run) {
            return Err(UndoError::NotOwned { path: self.path.clone() });
        }
        let begun = Instant::now();
        loop {
            self.send_home();
            match fs::remove_dir(&self.path) {
                Ok(()) => return Ok(Outcome::Undone),
                Err(gone) if gone.kind() == ErrorKind::NotFound => return Ok(Outcome::AlreadyGone),
                Err(reason) if begun.elapsed() >= EMPTY_WITHIN => {
                    return Err(UndoError::Remove { path: self.path.clone(), reason });
                }
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Whoever ends meanwhile, or comes, is seen the next time.
    fn send_home(&self) {
        let members = fs::read_to_string(self.path.join(MEMBERS)).unwrap_or_default();
        for member in members.lines() {
            let _ = fs::write(self.home.join(MEMBERS), member);
        }
    }

    pub(super) fn describe(&self) -> String {
        format!("the control group `{}`", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_does_not_name_the_run_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("somebody's");
        let run = RunId::fresh().unwrap();
        let group = OwnedControlGroup::plan(&path, folder.path(), &run);
        group.create().unwrap();
        assert!(matches!(group.carry_out(), Err(UndoError::NotOwned { .. })));
        assert!(path.is_dir());
    }

    #[test]
    fn an_empty_group_is_removed_and_one_that_is_gone_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::fresh().unwrap();
        let path = folder.path().join(format!("soak-{run}"));
        let group = OwnedControlGroup::plan(&path, folder.path(), &run);
        group.create().unwrap();
        assert_eq!(group.carry_out().unwrap(), Outcome::Undone);
        assert_eq!(group.carry_out().unwrap(), Outcome::AlreadyGone);
    }
}
