//! The record of a run: its events, one JSON object a line, in the run's own folder.
//!
//! A record is written as the events come and survives the run's sudden end with at most a torn last line.
//! Trouble with the disk is no reason to end a run: what cannot be written waits in bounded memory and is tried
//! again; what does not fit there is counted, and the record says how much it lacks.

mod folder;
mod reader;
#[cfg(test)]
mod tests;

use crate::event::{Event, EventKind};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use folder::{RunFolder, slug};
pub use reader::{Gaps, read};

/// The file of the events.
pub const EVENTS: &str = "events.jsonl";
/// The report that other programs read.
pub const REPORT_JSON: &str = "report.json";
/// The report that people read.
pub const REPORT_MARKDOWN: &str = "report.md";
/// The times of loads, a histogram a window.
pub const HISTOGRAMS: &str = "loads.hlog";
/// The run's own log.
pub const LOG: &str = "soak.log";

/// The longest line of a record, in bytes; an event that would be longer is left out and that is told.
pub const MAX_LINE: usize = 4 << 20;
/// How much may wait for a disk that takes nothing, in bytes.
pub const MAX_WAITING: usize = 8 << 20;
/// How long an event may wait in memory before it is written, and how long until a failed write is tried again.
pub const FLUSH_PERIOD: Duration = Duration::from_secs(1);

/// Written at the start and taken back, so that a full disk shows before the run and not in it, in bytes.
const PROBE: usize = 64 << 10;
/// So much in memory is written without waiting for the period, in bytes.
const FLUSH_SIZE: usize = 64 << 10;

/// Why there is no record, or why it cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the folder `{}` is not empty; name another with --out, or empty it", .folder.display())]
    NotEmpty { folder: PathBuf },
    #[error("`{}` is a file; --out takes a folder that is empty or not there yet", .folder.display())]
    NotAFolder { folder: PathBuf },
    #[error("cannot make the folder `{}` for the run: {reason}", .folder.display())]
    Folder { folder: PathBuf, reason: io::Error },
    #[error("cannot write to `{}`: {reason}; a run needs room for its record", .path.display())]
    Write { path: PathBuf, reason: io::Error },
    #[error("`{}` holds no run: there is no {EVENTS} in it", .folder.display())]
    NoRecord { folder: PathBuf },
    #[error("cannot read `{}`: {reason}", .path.display())]
    Read { path: PathBuf, reason: io::Error },
    #[error("`{}` is no record of a run: its first line is not the start of one", .path.display())]
    NotARecord { path: PathBuf },
    #[error("`{}` was written by a newer soak (version {found} of the format, this one reads {})", .path.display(), crate::event::VERSION)]
    Newer { path: PathBuf, found: u32 },
}

/// The record of a run that goes on.
pub struct Record {
    file: Box<dyn RecordFile>,
    /// Whole lines, except that the first may have lost what is on disk already.
    waiting: Vec<u8>,
    /// Events that found no room in `waiting`, not told yet.
    dropped: u64,
    /// Whether any event is missing for good.
    lacking: bool,
    /// Whether the last attempt to write failed.
    troubled: bool,
    tried: Instant,
    /// What the run should be told, once.
    notice: Option<String>,
    /// The most that may wait.
    limit: usize,
}

/// Where the lines go.
trait RecordFile: Write + Send {
    /// Makes what was written last through a power cut.
    fn sync(&mut self) -> io::Result<()>;
}

impl RecordFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

impl Record {
    /// Begins the record in a run's folder, after a look whether the disk takes it.
    ///
    /// # Errors
    /// Where the file cannot be made or written.
    pub fn create(folder: &Path) -> Result<Record, RecordError> {
        let path = folder.join(EVENTS);
        let file = begin(&path).map_err(|reason| RecordError::Write { path, reason })?;
        Ok(Record::over(Box::new(file), MAX_WAITING))
    }

    fn over(file: Box<dyn RecordFile>, limit: usize) -> Record {
        Record {
            file,
            waiting: Vec::new(),
            dropped: 0,
            lacking: false,
            troubled: false,
            tried: Instant::now(),
            notice: None,
            limit,
        }
    }

    /// Takes an event in. Judgements, and the beginning and the end of a run, are written at once; everything else
    /// within [`FLUSH_PERIOD`], given that [`Record::tick`] is called.
    pub fn write(&mut self, event: &Event) {
        self.hold(event);
        let prompt = matches!(
            event.kind,
            EventKind::RunStarted(_)
                | EventKind::Judged(_)
                | EventKind::Interrupted { .. }
                | EventKind::RunEnded(_)
        );
        if prompt && !self.troubled {
            self.flush();
        } else {
            self.tick();
        }
    }

    /// Writes what has waited long enough. To be called about once a second while nothing happens.
    pub fn tick(&mut self) {
        let due = self.tried.elapsed() >= FLUSH_PERIOD;
        let much = !self.troubled && self.waiting.len() >= FLUSH_SIZE;
        if (due || much) && !self.waiting.is_empty() {
            self.flush();
        }
    }

    /// What the run should be told about its record: that it cannot be written, or can be again. Each is told once.
    pub fn take_notice(&mut self) -> Option<String> {
        self.notice.take()
    }

    /// Writes everything and makes it last. Returns whether the record is whole.
    pub fn finish(mut self) -> bool {
        self.flush();
        let synced = self.file.sync().is_ok();
        synced && self.waiting.is_empty() && !self.lacking
    }

    fn hold(&mut self, event: &Event) {
        let line = serde_json::to_vec(event).unwrap_or_default();
        let fits = line.len() < MAX_LINE && self.waiting.len() + line.len() < self.limit;
        if line.is_empty() || !fits {
            self.dropped += 1;
            self.lacking = true;
        } else {
            self.waiting.extend_from_slice(&line);
            self.waiting.push(b'\n');
        }
    }

    fn flush(&mut self) {
        self.tried = Instant::now();
        match self.write_waiting() {
            Ok(()) => self.recovered(),
            Err(reason) => {
                if !self.troubled {
                    self.notice = Some(format!(
                        "the record of the run cannot be written: {reason}; the run goes on, and up to {} MB of events wait in memory",
                        self.limit >> 20
                    ));
                }
                self.troubled = true;
            }
        }
    }

    /// Writes what it can; what was written is not written again.
    fn write_waiting(&mut self) -> io::Result<()> {
        let mut written = 0;
        let result = loop {
            if written == self.waiting.len() {
                break Ok(());
            }
            match self.file.write(&self.waiting[written..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.waiting.drain(..written);
        result.and_then(|()| self.file.flush())
    }

    /// Everything that waited is written.
    fn recovered(&mut self) {
        if self.troubled {
            self.troubled = false;
            self.notice = Some(match self.dropped {
                0 => "the record of the run can be written again; it is whole".to_owned(),
                lost => format!("the record of the run can be written again; it lacks {lost} events"),
            });
        } else if self.dropped > 0 && self.notice.is_none() {
            self.notice = Some(format!("{} events were too long for the record", self.dropped));
        }
        self.dropped = 0;
    }
}

/// The empty file, after writing to it and taking that back.
fn begin(path: &Path) -> io::Result<File> {
    let mut file = File::options().write(true).create_new(true).open(path)?;
    file.write_all(&[b'\n'; PROBE])?;
    file.sync_data()?;
    file.set_len(0)?;
    file.rewind()?;
    Ok(file)
}
