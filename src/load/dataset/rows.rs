//! The rows of a file, read one after the other from any place where one begins.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use super::Row;
use crate::lang::row::{Format, Record, columns};

/// Longer rows are not read.
pub const MOST_ROW_BYTES: usize = 1 << 20;

/// Files up to this size are kept in memory.
const MOST_KEPT: u64 = 64 << 20;

/// Bytes read at once of others.
const BUFFER: usize = 64 << 10;

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("the row has {found} fields where the first line names {named}")]
    Fields { found: usize, named: usize },
    #[error("the row is no JSON object: {0}")]
    NotJson(String),
    #[error("the row is not UTF-8")]
    NotText,
    #[error("a quote is opened and never closed")]
    Unclosed,
    #[error("the row is longer than {} KiB", MOST_ROW_BYTES >> 10)]
    TooLong,
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
}

/// A row, or what is wrong with it, and the line it begins in, from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    pub line: u64,
    pub row: Result<Row, Wrong>,
}

/// Where a row begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub offset: u64,
    pub line: u64,
}

trait Source: BufRead + Seek + Send + std::fmt::Debug {}
impl<T: BufRead + Seek + Send + std::fmt::Debug> Source for T {}

/// A file and how far it was read.
#[derive(Debug)]
pub struct Rows {
    source: Box<dyn Source>,
    format: Format,
    columns: Vec<String>,
    next: Place,
    record: Record,
    line: Vec<u8>,
    /// Whether it is held in memory, so that reading it never waits.
    pub kept: bool,
}

impl Rows {
    /// Opens a file and reads the columns that a first line of CSV names.
    pub fn open(path: &Path) -> io::Result<Rows> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let kept = metadata.len() <= MOST_KEPT;
        let source: Box<dyn Source> = if kept {
            let mut bytes = Vec::with_capacity(metadata.len() as usize);
            file.take(MOST_KEPT).read_to_end(&mut bytes)?;
            Box::new(Cursor::new(bytes))
        } else {
            Box::new(BufReader::with_capacity(BUFFER, file))
        };
        Rows::over(source, kept)
    }

    fn over(source: Box<dyn Source>, kept: bool) -> io::Result<Rows> {
        let mut rows = Rows {
            source,
            format: Format::Csv,
            columns: Vec::new(),
            next: Place { offset: 0, line: 1 },
            record: Record::default(),
            line: Vec::new(),
            kept,
        };
        rows.read_line(MOST_ROW_BYTES)?;
        let first = String::from_utf8_lossy(&rows.line).into_owned();
        let marked = first.starts_with('\u{feff}');
        let first = first.trim_start_matches('\u{feff}');
        rows.format = Format::of(first);
        match rows.format {
            Format::Csv => {
                rows.columns = columns(first.trim_end_matches(['\r', '\n']));
                rows.next = Place { offset: rows.line.len() as u64, line: 2 };
            }
            Format::JsonLines => {
                let offset = if marked { '\u{feff}'.len_utf8() as u64 } else { 0 };
                rows.go_to(Place { offset, line: 1 })?;
            }
        }
        Ok(rows)
    }

    /// The columns that the first line of CSV names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Where the next row begins.
    pub fn place(&self) -> Place {
        self.next
    }

    /// Reads on from a place.
    pub fn go_to(&mut self, place: Place) -> io::Result<()> {
        self.source.seek(SeekFrom::Start(place.offset))?;
        self.next = place;
        Ok(())
    }

    /// The next row; None at the end. Empty lines are none.
    pub fn read(&mut self) -> io::Result<Option<Numbered>> {
        loop {
            let begin = self.next;
            let whole = self.read_line(MOST_ROW_BYTES)?;
            if self.line.is_empty() {
                return Ok(None);
            }
            self.next = Place { offset: begin.offset + self.line.len() as u64, line: begin.line + 1 };
            if !whole {
                self.skip_line()?;
                return Ok(Some(Numbered { line: begin.line, row: Err(Wrong::TooLong) }));
            }
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            let row = match self.format {
                Format::JsonLines => object(&self.line),
                Format::Csv => self.fields()?,
            };
            return Ok(Some(Numbered { line: begin.line, row }));
        }
    }

    /// The record that begins with the line just read. One that is wrong ends with that line: a quote too many must not
    /// swallow the rows behind it.
    fn fields(&mut self) -> io::Result<Result<Row, Wrong>> {
        let behind_first = self.next;
        self.record.clear();
        let mut wrong = None;
        while !self.record.add(&self.line) {
            let taken = (self.next.offset - behind_first.offset) as usize;
            let whole = taken < MOST_ROW_BYTES && self.read_line(MOST_ROW_BYTES - taken)?;
            if whole && !self.line.is_empty() {
                self.next.offset += self.line.len() as u64;
                self.next.line += 1;
                continue;
            }
            // The last line of a file may lack its end.
            let last = whole && self.record.add(b"\n");
            wrong = (!last).then_some(Wrong::Unclosed);
            break;
        }
        let found = match wrong {
            Some(wrong) => Err(wrong),
            None => self.record.fields().ok_or(Wrong::NotText).and_then(|fields| {
                let (found, named) = (fields.len(), self.columns.len());
                if found == named { Ok(Row::Fields(fields)) } else { Err(Wrong::Fields { found, named }) }
            }),
        };
        if found.is_err() {
            self.go_to(behind_first)?;
        }
        Ok(found)
    }

    /// Reads a line with its end, up to so many bytes; false where it is longer. The last may have no end.
    fn read_line(&mut self, most: usize) -> io::Result<bool> {
        self.line.clear();
        (&mut self.source).take(most as u64).read_until(b'\n', &mut self.line)?;
        Ok(self.line.len() < most || self.line.ends_with(b"\n"))
    }

    /// Passes over what is left of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            self.line.clear();
            (&mut self.source).take(BUFFER as u64).read_until(b'\n', &mut self.line)?;
            self.next.offset += self.line.len() as u64;
            if self.line.is_empty() || self.line.ends_with(b"\n") {
                return Ok(());
            }
        }
    }
}

fn object(line: &[u8]) -> Result<Row, Wrong> {
    match serde_json::from_slice(line) {
        Ok(serde_json::Value::Object(object)) => Ok(Row::Object(object)),
        Ok(_) => Err(Wrong::NotJson("it is another value".to_owned())),
        Err(error) => Err(Wrong::NotJson(error.to_string())),
    }
}
