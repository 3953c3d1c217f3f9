//! The name of one run: part of file names and of the environment mark, so its letters are limited.

use std::fmt;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Long enough for a UUID with a prefix, short enough for any file name.
const LONGEST: usize = 64;
/// Too short a name could stand in a stranger's file name by chance.
const SHORTEST: usize = 8;

/// A run's own name: 8 to 64 letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// A text that cannot name a run.
#[derive(Debug, Error)]
#[error("`{0}` cannot name a run: 8 to 64 letters, digits, `-` and `_` are wanted")]
pub struct RunIdError(String);

impl RunId {
    /// Checks a given name.
    ///
    /// # Errors
    /// When it is too short, too long or holds another character.
    pub fn parse(text: &str) -> Result<RunId, RunIdError> {
        let fits = (SHORTEST..=LONGEST).contains(&text.len());
        let clean = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if fits && clean { Ok(RunId(text.to_owned())) } else { Err(RunIdError(text.to_owned())) }
    }

    /// A name no other run has: a random UUID from the kernel.
    ///
    /// # Errors
    /// When /proc is not there.
    pub fn fresh() -> io::Result<RunId> {
        let text = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
        RunId::parse(text.trim()).map_err(io::Error::other)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;
    fn try_from(text: String) -> Result<RunId, RunIdError> {
        RunId::parse(&text)
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> String {
        run.0
    }
}
