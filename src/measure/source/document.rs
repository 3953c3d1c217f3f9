//! A document that is read whole: a file, or what a URL answers.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::http::{self, Url};
use super::{NoValue, blocking};

/// Larger documents are not read.
pub const MOST_BYTES: u64 = 64 << 20;

/// How often a file is read again that changed while it was read.
const MOST_READS: usize = 5;

/// Where a document is.
#[derive(Clone, Debug)]
pub enum Document {
    File(PathBuf),
    Url(Url, Duration),
}

impl Document {
    /// What it is called in messages.
    pub fn name(&self) -> String {
        match self {
            Document::File(path) => path.display().to_string(),
            Document::Url(url, _) => url.to_string(),
        }
    }

    /// Reads and parses it beside the runtime, and gives the outcome to `look`.
    pub async fn parsed<T: Send + 'static>(
        &self,
        look: impl FnOnce(serde_json::Value) -> T + Send + 'static,
    ) -> Result<T, NoValue> {
        let name = self.name();
        match self {
            Document::File(path) => {
                let path = path.clone();
                blocking(&name, move || parse_file(&path).map(look)).await
            }
            Document::Url(url, timeout) => {
                let answer = http::get(url, *timeout, MOST_BYTES as usize).await?;
                if !(200..300).contains(&answer.status) {
                    return Err(NoValue::BadStatus(name, answer.status));
                }
                let about = name.clone();
                blocking(&name, move || {
                    let value = serde_json::from_slice(&answer.body);
                    value.map(look).map_err(|error| NoValue::NotJson(about, error.to_string()))
                })
                .await
            }
        }
    }
}

/// Parses a file. Where that fails and the file has changed since, it is read again: what was seen was neither
/// the old nor the new content.
pub fn parse_file(path: &Path) -> Result<serde_json::Value, NoValue> {
    for _ in 0..MOST_READS {
        let (bytes, stamp) = read(path)?;
        match serde_json::from_slice(&bytes) {
            Ok(value) => return Ok(value),
            Err(error) => {
                let now = std::fs::metadata(path).ok().map(|metadata| Stamp::of(&metadata));
                if now == Some(stamp) && bytes.len() as u64 == stamp.size {
                    return Err(NoValue::NotJson(path.display().to_string(), error.to_string()));
                }
            }
        }
    }
    Err(NoValue::Unsteady(path.display().to_string()))
}

/// What changes when a file is written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

fn read(path: &Path) -> Result<(Vec<u8>, Stamp), NoValue> {
    let file = open(path)?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    if metadata.len() > MOST_BYTES {
        return Err(NoValue::TooLarge(path.display().to_string()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    Ok((bytes, Stamp::of(&metadata)))
}

/// Opens a regular file; anything else (a pipe would block) cannot be read.
pub fn open(path: &Path) -> Result<File, NoValue> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        return Err(NoValue::Unreadable(path.to_path_buf(), "it is no regular file".to_owned()));
    }
    File::open(path).map_err(|error| unreadable(path, &error))
}

/// The reason for an error of the file system.
pub fn unreadable(path: &Path, error: &std::io::Error) -> NoValue {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => NoValue::Missing(path.to_path_buf()),
        _ => NoValue::Unreadable(path.to_path_buf(), error.to_string()),
    }
}
