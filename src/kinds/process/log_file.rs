//! The file a process's output is kept in. Written by a thread of its own, so that a slow disk holds up the process
//! that writes, as a full pipe would, and not the run.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

/// A log longer than this, in bytes, is moved to `NAME.1.log` in place of the one moved there before.
pub const LOG_LIMIT: u64 = 256 * 1024 * 1024;
/// Pieces on their way to the disk; with [`super::output::READ_SIZE`] this bounds the memory they take.
const QUEUE: usize = 64;

/// A log with its writing thread, which ends when all senders are dropped.
pub(super) struct LogFile {
    pub sender: mpsc::Sender<Vec<u8>>,
    pub thread: JoinHandle<()>,
}

impl LogFile {
    /// Begins the log anew.
    pub fn create(path: &Path) -> io::Result<LogFile> {
        let mut writer = Writer { file: File::create(path)?, path: path.to_owned(), length: 0 };
        let (sender, mut pieces) = mpsc::channel::<Vec<u8>>(QUEUE);
        let thread = std::thread::Builder::new().name("process log".to_owned()).spawn(move || {
            while let Some(piece) = pieces.blocking_recv() {
                // What a full disk does not take is missing from the log; the run goes on without it.
                let _ = writer.write(&piece);
            }
        })?;
        Ok(LogFile { sender, thread })
    }
}

struct Writer {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Writer {
    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.length + piece.len() as u64 > LOG_LIMIT {
            fs::rename(&self.path, self.path.with_extension("1.log"))?;
            self.file = File::create(&self.path)?;
            self.length = 0;
        }
        self.length += piece.len() as u64;
        self.file.write_all(piece)
    }
}
