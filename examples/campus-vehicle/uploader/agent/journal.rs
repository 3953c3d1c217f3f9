//! The agent's log on standard output: one line an event, flushed at once.

use std::fmt::{self, Display};
use std::io::Write;

/// How grave a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    /// What poor Wi-Fi does: expected, and retried.
    Warn,
    /// What should not happen.
    Error,
}

impl Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
        })
    }
}

/// Writes one line. A log that nobody reads must not stop the uploads, so a failure is ignored.
pub fn log(level: Level, event: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{:.3} {level} {event}", jiff::Timestamp::now());
    let _ = out.flush();
}
