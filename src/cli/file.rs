//! Reading a scenario: a file, or standard input.

use crate::source::{MAX_FILE_SIZE, Sources, TooLarge};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What stands for standard input.
pub const STDIN: &str = "-";
/// What standard input is called in messages.
pub const STDIN_NAME: &str = "<stdin>";

/// The mark of the byte order that some editors put in front of a text.
const MARK: &str = "\u{feff}";

/// Why a scenario cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("there is no file `{}`", .path.display())]
    Absent { path: PathBuf },
    #[error("`{}` is a folder; name a .soak file in it", .path.display())]
    Folder { path: PathBuf },
    #[error("cannot read `{name}`: {reason}")]
    Unreadable { name: String, reason: io::Error },
    #[error("`{name}` is no text: byte {offset} (line {line}) is not UTF-8")]
    Binary { name: String, offset: usize, line: usize },
    #[error("`{name}` is empty; `soak init` writes a scenario to begin with")]
    Empty { name: String },
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Reads a scenario's file, which becomes the first of its sources.
///
/// # Errors
/// Where there is nothing to read, or it is no text.
pub fn load(path: &Path) -> Result<Sources, FileError> {
    let (name, bytes) = read(path)?;
    let text = text(&name, bytes)?;
    if text.trim().is_empty() {
        return Err(FileError::Empty { name });
    }
    let mut sources = Sources::new();
    sources.add(name, text)?;
    Ok(sources)
}

fn read(path: &Path) -> Result<(String, Vec<u8>), FileError> {
    let limit = MAX_FILE_SIZE as u64 + 1;
    let mut bytes = Vec::new();
    if path.as_os_str() == STDIN {
        let failed = |reason| FileError::Unreadable { name: STDIN_NAME.into(), reason };
        io::stdin().lock().take(limit).read_to_end(&mut bytes).map_err(failed)?;
        return Ok((STDIN_NAME.into(), bytes));
    }
    let name = path.display().to_string();
    let failed = |reason: io::Error| match reason.kind() {
        io::ErrorKind::NotFound => FileError::Absent { path: path.to_owned() },
        io::ErrorKind::IsADirectory => FileError::Folder { path: path.to_owned() },
        _ => FileError::Unreadable { name: name.clone(), reason },
    };
    // Windows does not open a folder, and says so in other words.
    if path.is_dir() {
        return Err(FileError::Folder { path: path.to_owned() });
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    Ok((name, bytes))
}

fn text(name: &str, bytes: Vec<u8>) -> Result<String, FileError> {
    let at = |bytes: &[u8], offset: usize| FileError::Binary {
        name: name.to_owned(),
        offset,
        line: bytes[..offset].iter().filter(|byte| **byte == b'\n').count() + 1,
    };
    let text =
        String::from_utf8(bytes).map_err(|error| at(error.as_bytes(), error.utf8_error().valid_up_to()))?;
    match text.find('\0') {
        Some(offset) => Err(at(text.as_bytes(), offset)),
        None => Ok(text.strip_prefix(MARK).map(str::to_owned).unwrap_or(text)),
    }
}

/// Puts a new text in a file's place at once, so that a full disk or a power cut leaves the old one. A mark of the byte
/// order at the front, which is no part of the text, stays.
///
/// # Errors
/// Where it cannot be written; the file is then as it was.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let permissions = std::fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let written = (|| {
        let mut file = std::fs::File::options().write(true).create_new(true).open(&beside)?;
        if begins_with_mark(&path)? {
            file.write_all(MARK.as_bytes())?;
        }
        file.write_all(text.as_bytes())?;
        file.set_permissions(permissions)?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)
    })();
    if written.is_err() {
        // It may not be there at all; what matters is told.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn begins_with_mark(path: &Path) -> io::Result<bool> {
    let mut front = Vec::new();
    std::fs::File::open(path)?.take(MARK.len() as u64).read_to_end(&mut front)?;
    Ok(front == MARK.as_bytes())
}
