//! The folder that a run leaves.

use super::RecordError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where runs go that were not told where.
pub const RUNS: &str = "soak-runs";
/// How many runs of one scenario may begin in one second.
const MAX_SAME_NAME: u32 = 1_000;
/// The longest name made of a scenario's title, in characters.
const MAX_SLUG: usize = 60;

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder that was asked for, which must be empty or absent.
    ///
    /// # Errors
    /// Where it holds something, is a file, or cannot be made.
    pub fn named(folder: &Path) -> Result<RunFolder, RecordError> {
        let failed = |reason| RecordError::Folder { folder: folder.to_owned(), reason };
        match fs::metadata(folder) {
            Ok(found) if !found.is_dir() => {
                return Err(RecordError::NotAFolder { folder: folder.to_owned() });
            }
            Ok(_) => {
                let mut entries = fs::read_dir(folder).map_err(failed)?;
                if entries.next().is_some() {
                    return Err(RecordError::NotEmpty { folder: folder.to_owned() });
                }
            }
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(folder).map_err(failed)?;
            }
            Err(reason) => return Err(failed(reason)),
        }
        Ok(RunFolder { path: folder.to_owned() })
    }

    /// Makes `soak-runs/<time>-<scenario>` beneath `parent`; a number is added where that is taken.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn dated(parent: &Path, time: &str, title: &str) -> Result<RunFolder, RecordError> {
        let runs = parent.join(RUNS);
        let base = format!("{time}-{}", slug(title));
        let failed = |folder: &Path, reason| RecordError::Folder { folder: folder.to_owned(), reason };
        fs::create_dir_all(&runs).map_err(|reason| failed(&runs, reason))?;
        for number in 1..=MAX_SAME_NAME {
            let name = if number == 1 { base.clone() } else { format!("{base}-{number}") };
            let path = runs.join(name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok(RunFolder { path }),
                Err(reason) if reason.kind() == io::ErrorKind::AlreadyExists => {}
                Err(reason) => return Err(failed(&path, reason)),
            }
        }
        Err(failed(&runs.join(base), io::ErrorKind::AlreadyExists.into()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A title as a name for a file: lower case letters, digits and single hyphens.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for character in title.chars() {
        if character.is_alphanumeric() {
            slug.extend(character.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.chars().count() >= MAX_SLUG {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "scenario".to_owned() } else { slug.to_owned() }
}
