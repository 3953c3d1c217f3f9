//! Sources: where measured values come from, one file each.
//!
//! Most are sampled: [`Source::sample`] looks once, and the caller keeps the schedule. `lines` and `capture` tell of
//! events instead, see [`lines::LineCounter`] and [`capture::Captures`]. What cannot be told is a [`NoValue`]
//! with its reason, never a number.

pub mod capture;
pub mod command;
pub mod document;
pub mod duplicates;
pub mod http;
pub mod json;
pub mod lines;
pub mod prometheus;
pub mod selector;
pub mod sql;
pub mod stat;
pub mod tcp;
#[cfg(test)]
mod tests;
pub mod valid_json;
pub mod valid_json_lines;

use std::path::PathBuf;
use std::time::Duration;

pub use command::{Command, CommandSource, Wanted};
pub use document::Document;
pub use duplicates::DuplicatesSource;
pub use http::{BadUrl, HttpSource, Url};
pub use json::JsonSource;
pub use prometheus::PrometheusSource;
pub use selector::{BadSelector, Selector};
pub use sql::SqlSource;
pub use stat::{StatOf, StatSource};
pub use tcp::TcpSource;
pub use valid_json::ValidJson;
pub use valid_json_lines::ValidJsonLines;

/// What looking once gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// A gauge's sample.
    Number(f64),
    /// A state.
    Bool(bool),
    /// A text, to be compared or counted as distinct.
    Text(String),
    /// No value, and why.
    None(NoValue),
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoValue {
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    #[error("{} cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, String),
    #[error("{0} is larger than {most} MiB", most = document::MOST_BYTES >> 20)]
    TooLarge(String),
    #[error("{0} changed each time it was read")]
    Unsteady(String),
    #[error("{0} holds no whole line yet")]
    NoWholeLine(String),
    #[error("{0} is not JSON: {1}")]
    NotJson(String, String),
    #[error("{0} answers no Prometheus exposition: line {1} is none of a sample")]
    NoExposition(String, usize),
    #[error("nothing in {0} matches")]
    NoMatch(String),
    #[error("{1} places in {0} match, not one")]
    ManyMatches(String, usize),
    #[error("what matches in {0} is {1}, which is no single value")]
    NotSingle(String, &'static str),
    #[error("{0} did not answer: {1}")]
    NoAnswer(String, String),
    #[error("{0} answered {1}")]
    BadStatus(String, u16),
    #[error("no answer within {}", humantime::format_duration(*.0))]
    Timeout(Duration),
    #[error("`{0}` cannot be run: {1}")]
    CannotRun(String, String),
    #[error("`{0}` failed ({1})")]
    Failed(String, String),
    #[error("`{0}` printed no number")]
    NoNumber(String),
    #[error("the query failed: {0}")]
    QueryFailed(String),
    #[error("the query gave no row")]
    NoRow,
    #[error("the query gave NULL")]
    Null,
}

/// A source that is sampled.
#[derive(Debug)]
pub enum Source {
    /// `json`, `json_count`
    Json(JsonSource),
    /// `files`, `bytes`, `age`
    Stat(StatSource),
    /// `valid_json`
    ValidJson(ValidJson),
    /// `valid_json_lines`
    ValidJsonLines(ValidJsonLines),
    /// `http`
    Http(HttpSource),
    /// `tcp`
    Tcp(TcpSource),
    /// `duplicates`
    Duplicates(DuplicatesSource),
    /// `prometheus`
    Prometheus(PrometheusSource),
    /// `output`, `succeeds`
    Command(CommandSource),
    /// `sql`
    Sql(SqlSource),
}

impl Source {
    /// Looks once. Cancelling stops what it started.
    pub async fn sample(&mut self) -> Sample {
        match self {
            Source::Json(source) => source.sample().await,
            Source::Stat(source) => source.sample().await,
            Source::ValidJson(source) => source.sample().await,
            Source::ValidJsonLines(source) => source.sample().await,
            Source::Http(source) => source.sample().await,
            Source::Tcp(source) => source.sample().await,
            Source::Duplicates(source) => source.sample().await,
            Source::Prometheus(source) => source.sample().await,
            Source::Command(source) => source.sample().await,
            Source::Sql(source) => source.sample().await,
        }
    }
}

impl From<Result<Sample, NoValue>> for Sample {
    fn from(result: Result<Sample, NoValue>) -> Sample {
        result.unwrap_or_else(Sample::None)
    }
}

/// Does blocking work beside the runtime.
async fn blocking<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Result<T, NoValue> + Send + 'static,
) -> Result<T, NoValue> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(NoValue::NoAnswer(what.to_owned(), error.to_string())),
    }
}
