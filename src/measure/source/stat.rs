//! `files`, `bytes` and `age`: how many files match, how large they are together, and how long ago the
//! newest of them was written.

use std::time::SystemTime;

use super::{NoValue, Sample, blocking};
use crate::measure::follow::Pattern;

/// More files than this are not counted in one sample.
const MOST_FILES: u64 = 1_000_000;

/// What is asked of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatOf {
    Files,
    Bytes,
    /// Seconds.
    Age,
}

/// A question about all files that match.
#[derive(Clone, Debug)]
pub struct StatSource {
    pattern: Pattern,
    of: StatOf,
}

impl StatSource {
    /// A source that has not looked yet.
    pub fn new(pattern: Pattern, of: StatOf) -> StatSource {
        StatSource { pattern, of }
    }

    /// Looks once.
    pub async fn sample(&mut self) -> Sample {
        let (pattern, of) = (self.pattern.clone(), self.of);
        blocking(self.pattern.text(), move || look(&pattern, of)).await.into()
    }
}

fn look(pattern: &Pattern, of: StatOf) -> Result<Sample, NoValue> {
    let (mut files, mut bytes, mut newest) = (0u64, 0u64, None::<SystemTime>);
    pattern.walk(|_, metadata| {
        files += 1;
        bytes += metadata.len();
        newest = newest.max(metadata.modified().ok());
        files <= MOST_FILES
    });
    if files > MOST_FILES {
        let reason = format!("more than {MOST_FILES} files match");
        return Err(NoValue::NoAnswer(pattern.text().to_owned(), reason));
    }
    let missing = || NoValue::Missing(pattern.text().into());
    match of {
        StatOf::Files => Ok(Sample::Number(files as f64)),
        StatOf::Bytes if files == 0 && pattern.is_plain() => Err(missing()),
        StatOf::Bytes => Ok(Sample::Number(bytes as f64)),
        StatOf::Age => {
            let age = SystemTime::now().duration_since(newest.ok_or_else(missing)?).unwrap_or_default();
            Ok(Sample::Number(age.as_secs_f64()))
        }
    }
}
