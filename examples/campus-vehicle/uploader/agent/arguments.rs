//! The command line: what it takes, and how durations and sizes are written there.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use hyper::Uri;

/// Watches HOME/data and uploads every finished file of it.
#[derive(Parser, Debug, Clone)]
#[command(name = "uploader")]
pub struct Arguments {
    /// The object store, as http://HOST:PORT
    #[arg(long)]
    pub endpoint: Uri,
    /// Holds data/, queue.json and registry.json
    #[arg(long)]
    pub home: PathBuf,
    /// Serial number of the vehicle; the first part of every object's name
    #[arg(long)]
    pub vehicle: String,
    /// Where GET /health answers
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// How much HOME/data may hold (for example 4GB); without it the real disk counts
    #[arg(long, value_parser = size)]
    pub capacity: Option<u64>,
    /// Time between two searches for files that no notification told of
    #[arg(long, default_value = "1s", value_parser = duration)]
    pub scan: Duration,
    /// A file found by a search is whole once it has not changed for so long
    #[arg(long, default_value = "500ms", value_parser = duration)]
    pub settle: Duration,
    /// How long one upload may take before it counts as failed
    #[arg(long, default_value = "4s", value_parser = duration)]
    pub timeout: Duration,
    /// Longest pause between two attempts
    #[arg(long, default_value = "2s", value_parser = duration)]
    pub backoff_cap: Duration,
    /// Uploads at one time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub concurrency: u16,
    /// The bug to have
    #[arg(long, value_enum, default_value_t = Broken::None)]
    pub broken: Broken,
}

/// A bug that a team could have shipped.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// As it should be
    None,
    /// A file is registered when it is taken, and what is queued lives in memory only
    LostOnCrash,
    /// The registry is written late, and an upload replaces what is there
    Duplicate,
    /// Every upload keeps a piece of memory
    Leak,
}

/// Reads a duration such as `500ms`, `1m30s` or `13.5ms`; spaces between the parts are allowed.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = sum_of_parts(text, |unit| match unit {
        "ns" => Some(1e-9),
        "us" | "µs" => Some(1e-6),
        "ms" => Some(1e-3),
        "s" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3_600.0),
        "d" => Some(86_400.0),
        _ => None,
    })?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Reads a size in bytes such as `4GB`, `64KiB` or `1000000`.
fn size(text: &str) -> Result<u64, String> {
    let bytes = sum_of_parts(text, |unit| match unit {
        "" | "B" => Some(1.0),
        "KB" => Some(1e3),
        "MB" => Some(1e6),
        "GB" => Some(1e9),
        "TB" => Some(1e12),
        "KiB" => Some(1024.0),
        "MiB" => Some(1024.0 * 1024.0),
        "GiB" => Some(1024.0 * 1024.0 * 1024.0),
        _ => None,
    })?;
    // Exact for every size below 2^53 bytes, which no disk exceeds; `as` saturates beyond.
    Ok(bytes as u64)
}

/// Adds up `number unit` pairs.
fn sum_of_parts(text: &str, factor: impl Fn(&str) -> Option<f64>) -> Result<f64, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("nothing is given".to_owned());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let number: f64 =
            number.replace('_', "").parse().map_err(|_| format!("a number is missing in `{text}`"))?;
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        total += number * factor(unit).ok_or_else(|| format!("`{unit}` is no unit here, in `{text}`"))?;
        rest = tail.trim_start();
    }
    Ok(total)
}
