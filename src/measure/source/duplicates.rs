//! `duplicates`: how many matches of an expression in whole lines repeat an earlier one, over all files that match.
//!
//! Files are read on from where the last sample ended. Where one has gone, was replaced or has become shorter, all are read
//! again: what it held does not count any more.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use regex::Regex;

use super::capture::capture;
use super::document::unreadable;
use super::{NoValue, Sample, blocking};
use crate::lang::moment::Moment;
use crate::measure::follow::{FileId, Pattern, Tail};
use crate::measure::ledger::Seen;

/// Files that are kept open.
const MOST_FILES: usize = 512;

/// A question about the lines of all files that match.
#[derive(Debug)]
pub struct DuplicatesSource {
    name: String,
    reading: Arc<Mutex<Reading>>,
}

/// What has been read so far.
#[derive(Debug)]
struct Reading {
    pattern: Pattern,
    expression: Regex,
    /// Where what cannot be held in memory lies.
    folder: PathBuf,
    tails: HashMap<FileId, Tail>,
    seen: Seen,
    repeated: u64,
}

impl DuplicatesSource {
    /// A source that has not looked yet.
    pub fn new(pattern: Pattern, expression: Regex, folder: PathBuf) -> DuplicatesSource {
        let seen = Seen::new(&folder);
        let name = pattern.text().to_owned();
        let reading = Reading { pattern, expression, folder, tails: HashMap::new(), seen, repeated: 0 };
        DuplicatesSource { name, reading: Arc::new(Mutex::new(reading)) }
    }

    /// Looks once.
    pub async fn sample(&mut self) -> Sample {
        let reading = Arc::clone(&self.reading);
        let look = move || reading.lock().unwrap_or_else(PoisonError::into_inner).look();
        blocking(&self.name, look).await.into()
    }
}

impl Reading {
    fn look(&mut self) -> Result<Sample, NoValue> {
        let mut found = Vec::new();
        self.pattern.walk(|path, metadata| {
            found.push((FileId::of(&metadata), path));
            found.len() <= MOST_FILES
        });
        if found.len() > MOST_FILES {
            let reason = format!("more than {MOST_FILES} files match");
            return Err(NoValue::NoAnswer(self.pattern.text().to_owned(), reason));
        }
        if found.is_empty() && self.pattern.is_plain() {
            return Err(NoValue::Missing(self.pattern.text().into()));
        }
        // In an order that does not depend on the file system.
        found.sort_by(|(_, a), (_, b)| a.cmp(b));
        let all_there = self.tails.keys().all(|known| found.iter().any(|(id, _)| id == known));
        if !all_there || !self.read_on(&found)? {
            self.tails.clear();
            self.seen = Seen::new(&self.folder);
            self.repeated = 0;
            self.read_on(&found)?;
        }
        Ok(Sample::Number(self.repeated as f64))
    }

    /// Reads what is new. False where something that was read is not there any more.
    fn read_on(&mut self, found: &[(FileId, PathBuf)]) -> Result<bool, NoValue> {
        let mut buffer = Vec::new();
        for (id, path) in found {
            let wrong = |error: std::io::Error| unreadable(path, &error);
            if !self.tails.contains_key(id) {
                match Tail::open(path, false, true).map_err(wrong)? {
                    Some((id, tail)) => self.tails.insert(id, tail),
                    None => continue,
                };
            }
            let Some(tail) = self.tails.get_mut(id) else { continue };
            loop {
                let step = tail.step(&mut buffer).map_err(wrong)?;
                if step.truncated {
                    return Ok(false);
                }
                let mut matches = Vec::new();
                for line in &step.lines {
                    capture(&self.expression, line, Moment::START, &mut matches);
                }
                for one in matches {
                    self.repeated += u64::from(self.seen.again(&one.text).map_err(wrong)?);
                }
                if !step.more {
                    break;
                }
            }
        }
        Ok(true)
    }
}
