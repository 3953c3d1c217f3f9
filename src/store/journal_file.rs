//! The journal's form on disk: JSON, one value a line.
//!
//! The first line names the run and who runs it. Then come undos (`{"ticket":3,"undo":"started",…}`) and notes that
//! one is done (`{"settled":3}`). A last line without its end was being written when the run died: what it was to
//! announce never happened, so it is left out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::kinds::undo::{Identity, RunId, Undo};

/// The form described above; a reader leaves a higher one to a newer soak.
pub(super) const VERSION: u32 = 1;
/// No line soak writes is longer.
const LINE_LIMIT: u64 = 1024 * 1024;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub version: u32,
    pub run: RunId,
    pub runner: Identity,
}

/// Every other line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    Settled {
        settled: u64,
    },
    Owed {
        ticket: u64,
        #[serde(flatten)]
        undo: Undo,
    },
}

/// What a journal says is still to be undone.
pub(super) struct Content {
    pub header: Header,
    /// In the order in which it was written down.
    pub owed: Vec<(u64, Undo)>,
    /// Whole lines that mean nothing to this soak.
    pub unreadable: usize,
    /// Bytes of whole lines.
    pub length: u64,
}

/// Reads a journal. `None` where the first line is not that of a journal this soak can read.
pub(super) fn read(file: &File) -> io::Result<Option<Content>> {
    let mut lines = BufReader::new(file);
    let Some(first) = whole_line(&mut lines)? else { return Ok(None) };
    let header: Header = match serde_json::from_slice(&first) {
        Ok(header) => header,
        Err(_) => return Ok(None),
    };
    if header.version > VERSION {
        return Ok(None);
    }
    let mut content = Content { header, owed: Vec::new(), unreadable: 0, length: first.len() as u64 };
    while let Some(line) = whole_line(&mut lines)? {
        content.length += line.len() as u64;
        match serde_json::from_slice(&line) {
            Ok(Line::Settled { settled }) => content.owed.retain(|(ticket, _)| *ticket != settled),
            Ok(Line::Owed { ticket, undo }) => content.owed.push((ticket, undo)),
            Err(_) => content.unreadable += 1,
        }
    }
    Ok(Some(content))
}

/// The next line that has its end.
fn whole_line(lines: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    lines.take(LINE_LIMIT).read_until(b'\n', &mut line)?;
    Ok(if line.ends_with(b"\n") { Some(line) } else { None })
}

/// A value as a line.
pub(super) fn line_of(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Opens a journal and takes its lock, which its run holds for as long as it lives. `None` where the file is gone or
/// somebody holds the lock.
pub(super) fn open_unclaimed(path: &Path) -> io::Result<Option<Flock<File>>> {
    let opened = File::options().read(true).append(true).custom_flags(nix::libc::O_NOFOLLOW).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(reason) => return Err(reason),
    };
    // What a journal says is done, so it has to be our own, wherever it lies.
    if file.metadata()?.uid() != nix::unistd::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    let locked = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(locked) => locked,
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => return Ok(None),
        Err((_, other)) => return Err(other.into()),
    };
    // A journal that was written anew in the meantime is another file under the same name, locked by its run.
    Ok(if is_at(&locked, path) { Some(locked) } else { None })
}

/// Whether the open file is the one that has this name now.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}
