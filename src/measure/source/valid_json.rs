//! `valid_json`: whether a file as a whole is JSON. One that is replaced while it is read is never called invalid.

use std::path::PathBuf;

use super::document::parse_file;
use super::{NoValue, Sample, blocking};

/// A file that should be JSON.
#[derive(Clone, Debug)]
pub struct ValidJson {
    path: PathBuf,
}

impl ValidJson {
    /// A source that has not looked yet.
    pub fn new(path: PathBuf) -> ValidJson {
        ValidJson { path }
    }

    /// Looks once.
    pub async fn sample(&mut self) -> Sample {
        let path = self.path.clone();
        let parsed = blocking(&self.path.to_string_lossy(), move || parse_file(&path).map(drop)).await;
        match parsed {
            Ok(()) => Sample::Bool(true),
            Err(NoValue::NotJson(..)) => Sample::Bool(false),
            Err(reason) => Sample::None(reason),
        }
    }
}
