//! Bodies that are files: small ones are kept as long as they stay the same, of larger ones a piece is in memory at a time.
//! They are read on other threads, so that a slow disk makes no arrival late.

use crate::kinds::request::RequestError;
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::task::{JoinHandle, spawn_blocking};

/// Files up to this size are kept.
const SMALL: u64 = 256 << 10;
/// So many of them.
const MOST_KEPT: usize = 64;
/// So much of a larger file is read at once.
const PIECE: usize = 256 << 10;

/// The file of one body.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    file: Arc<File>,
    pub length: u64,
}

/// What a file comes to.
pub(super) enum Found {
    /// All of it.
    Whole(Bytes),
    /// Too large to be held.
    Large(Upload),
}

/// Small files of bodies, by their paths.
#[derive(Debug, Default)]
pub(super) struct Files {
    kept: RefCell<HashMap<PathBuf, (Mark, Bytes)>>,
}

/// What tells that a file has changed: which it is, how long it is, and when it was last written.
type Mark = (u64, u64, u64, i64, i64);

fn mark(of: &Metadata) -> Mark {
    (of.dev(), of.ino(), of.len(), of.mtime(), of.mtime_nsec())
}

impl Files {
    /// Opens a file, or finds it as it was read before.
    pub fn find(&self, path: &Path) -> Result<Found, RequestError> {
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error, path))?;
        if !metadata.is_file() {
            return Err(unreadable(&io::ErrorKind::InvalidInput.into(), path));
        }
        let known = self.kept.borrow().get(path).filter(|(of, _)| *of == mark(&metadata)).cloned();
        if let Some((_, bytes)) = known {
            return Ok(Found::Whole(bytes));
        }
        let file = File::open(path).map_err(|error| unreadable(&error, path))?;
        let metadata = file.metadata().map_err(|error| unreadable(&error, path))?;
        if metadata.len() > SMALL {
            return Ok(Found::Large(Upload { file: Arc::new(file), length: metadata.len() }));
        }
        let mut bytes = vec![0; metadata.len() as usize];
        file.read_exact_at(&mut bytes, 0).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => RequestError::Shortened,
            _ => unreadable(&error, path),
        })?;
        let bytes = Bytes::from(bytes);
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= MOST_KEPT && !kept.contains_key(path) {
            kept.clear();
        }
        kept.insert(path.to_path_buf(), (mark(&metadata), bytes.clone()));
        Ok(Found::Whole(bytes))
    }
}

/// The kind of an error is its name; the path, which may differ each time, stands beside it.
fn unreadable(error: &io::Error, path: &Path) -> RequestError {
    let why = match error.kind() {
        io::ErrorKind::InvalidInput => "it is no file".to_string(),
        kind => kind.to_string(),
    };
    RequestError::Stated {
        cause: format!("a file to be sent cannot be read: {why}"),
        detail: path.display().to_string(),
    }
}

/// Whether an error of sending is one of the file that is sent, and none of the connection.
pub(super) fn is_own(error: &RequestError) -> bool {
    matches!(error, RequestError::Shortened | RequestError::Stated { .. })
}

impl Upload {
    /// Reads it from its beginning.
    pub fn read(&self) -> Reading {
        Reading { upload: self.clone(), offset: 0, piece: Vec::new(), taken: 0, pending: None }
    }
}

/// A file while it is sent.
pub(super) struct Reading {
    upload: Upload,
    /// Where the next piece begins.
    offset: u64,
    piece: Vec<u8>,
    /// How much of the piece is sent.
    taken: usize,
    pending: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl Reading {
    /// What comes next; nothing at the end.
    pub fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<&[u8], RequestError>> {
        while self.taken == self.piece.len() && self.offset < self.upload.length {
            let pending = self.pending.get_or_insert_with(|| {
                let (file, offset) = (Arc::clone(&self.upload.file), self.offset);
                let length = (self.upload.length - offset).min(PIECE as u64) as usize;
                let mut piece = std::mem::take(&mut self.piece);
                self.taken = 0;
                spawn_blocking(move || {
                    piece.resize(length, 0);
                    file.read_exact_at(&mut piece, offset).map(|()| piece)
                })
            });
            let read = ready!(Pin::new(pending).poll(context));
            self.pending = None;
            self.piece = match read.map_err(io::Error::other).flatten() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Err(RequestError::Shortened));
                }
                Err(error) => return Poll::Ready(Err(unreadable(&error, Path::new("")))),
            };
            self.offset += self.piece.len() as u64;
        }
        Poll::Ready(Ok(&self.piece[self.taken..]))
    }

    /// So much of the present piece was sent.
    pub fn advance(&mut self, sent: usize) {
        self.taken += sent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    async fn all(upload: &Upload) -> Result<Vec<u8>, RequestError> {
        let mut reading = upload.read();
        let mut read = Vec::new();
        loop {
            let piece =
                poll_fn(|context| reading.poll_piece(context).map(|piece| piece.map(<[u8]>::to_vec))).await?;
            if piece.is_empty() {
                return Ok(read);
            }
            let part = piece.len().min(100_000);
            read.extend_from_slice(&piece[..part]);
            reading.advance(part);
        }
    }

    #[test]
    fn a_file_is_sent_as_it_is_and_read_again_when_it_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        let files = Files::default();
        let text = |files: &Files| match files.find(&path) {
            Ok(Found::Whole(bytes)) => String::from_utf8(bytes.to_vec()).unwrap(),
            other => panic!("{:?}", other.map(drop)),
        };
        std::fs::write(&path, "one").unwrap();
        assert_eq!((text(&files), text(&files)), ("one".into(), "one".into()));
        std::fs::write(&path, "another").unwrap();
        assert_eq!(text(&files), "another");
        std::fs::remove_file(&path).unwrap();
        let error = files.find(&path).err().unwrap();
        assert_eq!(error.to_string(), "a file to be sent cannot be read: entity not found");
        let error = files.find(folder.path()).err().unwrap();
        assert_eq!(error.to_string(), "a file to be sent cannot be read: it is no file");
    }

    #[tokio::test]
    async fn a_large_file_is_read_in_pieces_and_must_not_become_shorter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body");
        let large: Vec<u8> = (0..1_000_000u32).map(|number| number as u8).collect();
        std::fs::write(&path, &large).unwrap();
        let Ok(Found::Large(upload)) = Files::default().find(&path) else { panic!("it is not large") };
        assert_eq!(upload.length, 1_000_000);
        assert_eq!(all(&upload).await.unwrap(), large);
        File::options().write(true).open(&path).unwrap().set_len(600_000).unwrap();
        assert_eq!(all(&upload).await, Err(RequestError::Shortened));
    }
}
