//! A folder soak made, with a file inside that names the run: without that file nothing in it is removed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc;
use serde::{Deserialize, Serialize};

use super::run_id::RunId;
use super::{Outcome, UndoError};
use crate::kinds::disk::own::{take_away_above, take_away_below};

/// The file inside an owned folder that holds the run's name.
pub const OWNER_MARK: &str = ".soak-owner";
/// More than any mark soak writes.
const MARK_LIMIT: u64 = 256;

/// A folder of one run's own. Its name holds the run's name, so that even a folder whose making was cut short is
/// known as the run's; its mark says the same once it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedFolder {
    path: PathBuf,
    run: RunId,
}

impl OwnedFolder {
    /// The folder to be made at `path`.
    ///
    /// # Errors
    /// When the path does not start at the root or its last part does not hold the run's name.
    pub fn plan(path: &Path, run: &RunId) -> Result<OwnedFolder, UndoError> {
        let folder = OwnedFolder { path: path.to_owned(), run: run.clone() };
        folder.check_name()?;
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder and its mark. To be called once the undo is in the journal.
    ///
    /// # Errors
    /// When something of that name exists or cannot be made.
    pub fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(&self.path)?;
        fs::write(self.path.join(OWNER_MARK), self.run.as_str())
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
        let open = || {
            let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW;
            OpenOptions::new().read(true).custom_flags(flags).open(&self.path)
        };
        let opened = match open() {
            // It lies below a faulty disk whose helper is gone.
            Err(reason) if reason.kind() == ErrorKind::NotConnected => {
                take_away_above(&self.path);
                open()
            }
            opened => opened,
        };
        let folder = match opened {
            Ok(folder) => folder,
            Err(reason) if reason.kind() == ErrorKind::NotFound => return Ok(Outcome::AlreadyGone),
            Err(reason) if matches!(reason.raw_os_error(), Some(libc::ELOOP | libc::ENOTDIR)) => {
                return Err(UndoError::NotOwned { path: self.path.clone() });
            }
            Err(reason) => return Err(self.failed(reason)),
        };
        // Everything below goes through the open descriptor: a symbolic link put in the path's place meanwhile
        // leads nowhere.
        let inside = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        if self.mark_is_right(&inside) {
            take_away_below(&self.path);
            self.refuse_mounts(&inside)?;
            self.empty(&inside)?;
        } else if fs::read_dir(&inside).map_err(|reason| self.failed(reason))?.next().is_some() {
            return Err(UndoError::NotOwned { path: self.path.clone() });
        }
        self.remove_empty(&folder)
    }

    fn mark_is_right(&self, inside: &Path) -> bool {
        let mark = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(inside.join(OWNER_MARK));
        let mut text = String::new();
        mark.and_then(|file| file.take(MARK_LIMIT).read_to_string(&mut text)).is_ok()
            && text == self.run.as_str()
    }

    fn refuse_mounts(&self, inside: &Path) -> Result<(), UndoError> {
        let real = fs::read_link(inside).map_err(|reason| self.failed(reason))?;
        let mounts = fs::read("/proc/self/mountinfo").map_err(|reason| self.failed(reason))?;
        match mount_below(&mounts, &real) {
            Some(path) => Err(UndoError::MountedInside { path }),
            None => Ok(()),
        }
    }

    /// Removes what is in the folder, the mark last: a removal that is cut short can be taken up again.
    fn empty(&self, inside: &Path) -> Result<(), UndoError> {
        let gone_is_fine = |result: io::Result<()>| match result {
            Err(reason) if reason.kind() != ErrorKind::NotFound => Err(self.failed(reason)),
            _ => Ok(()),
        };
        for entry in fs::read_dir(inside).map_err(|reason| self.failed(reason))? {
            let entry = entry.map_err(|reason| self.failed(reason))?;
            if entry.file_name() == OWNER_MARK {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let path = inside.join(entry.file_name());
            // `remove_dir_all` walks by descriptor and never through a symbolic link.
            gone_is_fine(if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) })?;
        }
        gone_is_fine(fs::remove_file(inside.join(OWNER_MARK)))
    }

    fn remove_empty(&self, folder: &File) -> Result<Outcome, UndoError> {
        let opened = folder.metadata().map_err(|reason| self.failed(reason))?;
        match fs::symlink_metadata(&self.path) {
            Ok(now) if (now.dev(), now.ino()) == (opened.dev(), opened.ino()) => {}
            _ => return Ok(Outcome::Undone),
        }
        fs::remove_dir(&self.path).map_err(|reason| self.failed(reason))?;
        Ok(Outcome::Undone)
    }

    fn failed(&self, reason: io::Error) -> UndoError {
        UndoError::Remove { path: self.path.clone(), reason }
    }

    pub(super) fn describe(&self) -> String {
        format!("folder `{}`", self.path.display())
    }
}

/// Whether the last part of the path holds the run's name.
pub(super) fn names_run(path: &Path, run: &RunId) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(run.as_str()))
}

/// The first mount point at or below `folder` in the text of `/proc/self/mountinfo`: its fifth field, with blanks as
/// octal escapes, proc_pid_mountinfo(5).
fn mount_below(mounts: &[u8], folder: &Path) -> Option<PathBuf> {
    let points =
        mounts.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    let mut paths = points.map(|point| PathBuf::from(OsString::from_vec(unescape_octal(point))));
    paths.find(|path| path.starts_with(folder))
}

fn unescape_octal(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        let digits =
            behind.get(..3).filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)));
        match digits {
            Some(digits) if first == b'\\' => {
                let value = digits.iter().fold(0_u32, |sum, digit| sum * 8 + u32::from(digit - b'0'));
                plain.push((value & 0xff) as u8);
                rest = &behind[3..];
            }
            _ => {
                plain.push(first);
                rest = behind;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_below_a_folder_are_found() {
        let mounts =
            b"22 1 254:0 / / rw - ext4 /dev/vda rw\n30 22 0:5 / /tmp/my\\040disk rw - tmpfs tmpfs rw\n";
        let cases = [
            ("/tmp", Some("/tmp/my disk")),
            ("/tmp/my disk", Some("/tmp/my disk")),
            ("/tmp/my", None),
            ("/var", None),
        ];
        for (folder, point) in cases {
            assert_eq!(mount_below(mounts, Path::new(folder)), point.map(PathBuf::from), "{folder}");
        }
    }
}
