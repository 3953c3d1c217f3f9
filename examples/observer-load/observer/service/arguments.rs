//! The command line, and the settings in the file it names.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde::Deserialize;

/// Reads snapshots from its standard input and writes them to a JSON-lines file.
#[derive(Parser, Debug, Clone)]
#[command(name = "observer")]
pub struct Arguments {
    /// The settings: {"flush_ms": 500, "buffer": 50000, "rotate_s": 600, "keep": 20}
    #[arg(long)]
    pub config: PathBuf,
    /// The file that is written to; rotated ones stand beside it, numbered
    #[arg(long)]
    pub output: PathBuf,
    /// The bug to have
    #[arg(long, value_enum, default_value_t = Broken::None)]
    pub broken: Broken,
}

/// A bug that a team could have shipped.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// As it should be
    None,
    /// The buffer is far smaller than its setting says, and forgets the oldest when it is full
    Drop,
    /// A price goes through a float of 32 bits on its way
    Mutate,
    /// Every snapshot takes longer than the one before
    Degrade,
}

/// What the settings file says.
#[derive(Deserialize, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Config {
    flush_ms: f64,
    /// Snapshots that are held at most before they are written.
    pub buffer: usize,
    rotate_s: f64,
    /// Rotated files that are kept.
    pub keep: usize,
}

impl Config {
    pub fn read(path: &Path) -> io::Result<Config> {
        let wrong = |reason: String| io::Error::other(format!("{}: {reason}", path.display()));
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let config: Config = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        let usable = |number: f64| (1e-3..1e9).contains(&number);
        if config.buffer == 0 || !usable(config.flush_ms) || !usable(config.rotate_s) {
            return Err(wrong("every setting must be more than 0".to_owned()));
        }
        Ok(config)
    }

    /// The time between two writings of the buffer.
    pub fn flush(&self) -> Duration {
        Duration::from_secs_f64(self.flush_ms / 1e3)
    }

    /// How old a file gets before it is rotated.
    pub fn rotate(&self) -> Duration {
        Duration::from_secs_f64(self.rotate_s)
    }
}
