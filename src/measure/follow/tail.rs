//! One file that is read as it grows: whole lines, each once.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use nix::libc;

/// Longer lines are cut to this.
pub const MOST_LINE_BYTES: usize = 64 * 1024;

/// Bytes read in one step.
pub const STEP_BYTES: usize = 64 * 1024;

/// What a file is known again by, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub fn of(metadata: &Metadata) -> FileId {
        FileId { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// A file and how far it was read. Whether it is open is its own affair: thousands may be followed of which few are
/// written to.
#[derive(Debug)]
pub struct Tail {
    pub path: Arc<Path>,
    id: FileId,
    file: Option<File>,
    /// How far it was read; of a file that was there before, first its length then.
    offset: u64,
    /// The file was there, and was not read yet: the line that its end was in belongs to what comes.
    was_there: bool,
    partial: Vec<u8>,
    /// The line being read is too long: what is left of it is passed over.
    passing_over: bool,
    /// It waits to be read.
    pub dirty: bool,
    /// How many names it is known by.
    pub names: usize,
}

/// What one step gave.
#[derive(Debug, Default)]
pub struct Step {
    pub lines: Vec<String>,
    /// Of these, how many were cut.
    pub cut: usize,
    /// It was shorter than what had been read of it.
    pub truncated: bool,
    /// There may be more.
    pub more: bool,
    pub metadata: Option<Metadata>,
}

impl Tail {
    /// A file to be read from its beginning, or, where it `was_there`, from the end of its last whole line. Opened `now`, so
    /// that it is read whatever becomes of its name, or when it is first written to. None where it is no regular file.
    pub fn open(path: &Path, was_there: bool, now: bool) -> io::Result<Option<(FileId, Tail)>> {
        let file = if now { Some(open(path)?) } else { None };
        let metadata = match &file {
            Some(file) => file.metadata()?,
            None => std::fs::metadata(path)?,
        };
        if !metadata.is_file() {
            return Ok(None);
        }
        let id = FileId::of(&metadata);
        let tail = Tail {
            path: Arc::from(path),
            id,
            file,
            offset: if was_there { metadata.len() } else { 0 },
            was_there,
            partial: Vec::new(),
            passing_over: false,
            dirty: false,
            names: 0,
        };
        Ok(Some((id, tail)))
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Closes it; it is opened again by its name when it is to be read on.
    pub fn close(&mut self) {
        self.file = None;
    }

    /// Opens it where it is not.
    fn reopen(&mut self) -> io::Result<&File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let file = open(&self.path)?;
                if FileId::of(&file.metadata()?) != self.id {
                    return Err(io::ErrorKind::NotFound.into());
                }
                file
            }
        };
        if std::mem::take(&mut self.was_there) {
            self.offset = end_of_last_line(&file, self.offset)?;
        }
        Ok(self.file.insert(file))
    }

    /// Reads on by at most [`STEP_BYTES`].
    pub fn step(&mut self, buffer: &mut Vec<u8>) -> io::Result<Step> {
        let metadata = self.reopen()?.metadata()?;
        let mut step = Step::default();
        if metadata.len() < self.offset {
            step.truncated = true;
            self.offset = 0;
            self.partial.clear();
            self.passing_over = false;
        }
        step.metadata = Some(metadata);
        buffer.resize(STEP_BYTES, 0);
        let offset = self.offset;
        let count = self.reopen()?.read_at(buffer, offset)?;
        self.offset += count as u64;
        step.more = count == STEP_BYTES;
        let mut rest = &buffer[..count];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.take(&rest[..end]);
            self.finish(&mut step);
            rest = &rest[end + 1..];
        }
        self.take(rest);
        Ok(step)
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = MOST_LINE_BYTES - self.partial.len();
        self.passing_over |= bytes.len() > room;
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn finish(&mut self, step: &mut Step) {
        step.cut += usize::from(self.passing_over);
        self.passing_over = false;
        let line = self.partial.strip_suffix(b"\r").unwrap_or(&self.partial);
        step.lines.push(String::from_utf8_lossy(line).into_owned());
        self.partial.clear();
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// After the last newline; the end where the last line is too long to look for it.
fn end_of_last_line(file: &File, length: u64) -> io::Result<u64> {
    let from = length.saturating_sub(MOST_LINE_BYTES as u64);
    let mut bytes = vec![0; (length - from) as usize];
    let count = file.read_at(&mut bytes, from)?;
    Ok(match bytes[..count].iter().rposition(|byte| *byte == b'\n') {
        Some(newline) => from + newline as u64 + 1,
        None if from == 0 => 0,
        None => length,
    })
}
