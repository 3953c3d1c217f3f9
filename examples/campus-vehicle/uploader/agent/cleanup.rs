//! Emergency cleanup: at 90 % of the capacity, files that have been uploaded go, oldest first, until less than 80 %
//! is used. A file that has not been uploaded is never deleted.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// The share of the capacity at which the cleanup begins.
const BEGIN: f64 = 0.90;
/// The share below which it ends.
const END: f64 = 0.80;

/// Bytes in use and bytes there are.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    used: u64,
    capacity: u64,
}

impl Usage {
    /// The files below `data` against `capacity`, or the whole disk when no capacity is given.
    ///
    /// # Errors
    /// When the disk or a folder cannot be read.
    pub fn measure(data: &Path, capacity: Option<u64>) -> io::Result<Self> {
        if let Some(capacity) = capacity {
            return Ok(Self { used: bytes_below(data)?, capacity });
        }
        let disk = nix::sys::statvfs::statvfs(data)?;
        let block = disk.fragment_size();
        // As `df` counts: what only root may use is neither used nor there.
        let used = (disk.blocks() - disk.blocks_free()) * block;
        Ok(Self { used, capacity: used + disk.blocks_available() * block })
    }

    fn share(self) -> f64 {
        self.used as f64 / self.capacity.max(1) as f64
    }

    /// Used, in percent.
    pub fn percent(self) -> f64 {
        100.0 * self.share()
    }

    pub fn is_critical(self) -> bool {
        self.share() >= BEGIN
    }
}

/// What a cleanup did.
pub struct Cleaned {
    pub removed: Vec<String>,
    pub bytes: u64,
    pub after: Usage,
}

/// Deletes from `uploaded`, oldest first, until `usage` is low enough or nothing is left to delete.
pub fn clean(data: &Path, mut usage: Usage, uploaded: Vec<String>) -> Cleaned {
    let mut candidates: Vec<(SystemTime, u64, String)> = uploaded
        .into_iter()
        .filter_map(|path| {
            let metadata = fs::metadata(data.join(&path)).ok()?;
            Some((metadata.modified().ok()?, metadata.len(), path))
        })
        .collect();
    candidates.sort();
    let mut removed = Vec::new();
    let mut bytes = 0;
    for (_, length, path) in candidates {
        if usage.share() < END {
            break;
        }
        if fs::remove_file(data.join(&path)).is_ok() {
            usage.used = usage.used.saturating_sub(length);
            bytes += length;
            removed.push(path);
        }
    }
    Cleaned { removed, bytes, after: usage }
}

/// The sizes of all files below a folder. What vanishes meanwhile counts as nothing.
fn bytes_below(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) if metadata.is_file() => bytes += metadata.len(),
                _ => {}
            }
        }
    }
    Ok(bytes)
}
