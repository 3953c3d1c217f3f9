//! Reading a record back, also one whose run ended in the middle of a line.

use super::{EVENTS, MAX_LINE, RecordError};
use crate::event::{Event, EventKind, VERSION};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// What a record lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Whether the last line ends in the middle: the run ended suddenly.
    pub torn: bool,
    /// Whole lines that mean nothing to this soak.
    pub unreadable: u64,
}

/// Reads the record in a run's folder and hands each event on, in bounded memory.
///
/// # Errors
/// Where there is no record, it cannot be read, or its first line does not begin a run.
pub fn read(folder: &Path, each: &mut dyn FnMut(&Event)) -> Result<Gaps, RecordError> {
    let path = folder.join(EVENTS);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(reason) if matches!(reason.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Err(RecordError::NoRecord { folder: folder.to_owned() });
        }
        Err(reason) => return Err(RecordError::Read { path, reason }),
    };
    let failed = |reason| RecordError::Read { path: path.clone(), reason };
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    let mut gaps = Gaps::default();
    let mut first = true;
    loop {
        line.clear();
        let length = (&mut lines).take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line).map_err(failed)?;
        if length == 0 {
            break;
        }
        let whole = line.last() == Some(&b'\n');
        let event = serde_json::from_slice::<Event>(&line).ok();
        if first {
            check_start(&path, event.as_ref())?;
            first = false;
        }
        match event {
            Some(event) => each(&event),
            None if whole => gaps.unreadable += 1,
            None if length > MAX_LINE => {
                gaps.unreadable += 1;
                skip_line(&mut lines).map_err(failed)?;
            }
            None => gaps.torn = true,
        }
    }
    if first { Err(RecordError::NotARecord { path }) } else { Ok(gaps) }
}

fn check_start(path: &Path, event: Option<&Event>) -> Result<(), RecordError> {
    match event.map(|event| &event.kind) {
        Some(EventKind::RunStarted(started)) if started.version > VERSION => {
            Err(RecordError::Newer { path: path.to_owned(), found: started.version })
        }
        Some(EventKind::RunStarted(_)) => Ok(()),
        _ => Err(RecordError::NotARecord { path: path.to_owned() }),
    }
}

/// Reads on to the end of a line that is too long.
fn skip_line(lines: &mut impl BufRead) -> io::Result<()> {
    lines.skip_until(b'\n').map(|_| ())
}
