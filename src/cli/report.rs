//! `soak report`: the report of a run, from its record.

use super::{Exit, output};
use crate::report::{self, Summary, words};
use crate::store::record::{self, Gaps};
use crate::ui;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

#[derive(Debug, Args)]
pub struct ReportArguments {
    /// The folder that a run left.
    #[arg(value_name = "RUN_FOLDER")]
    folder: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The scorecard.
    #[default]
    Text,
    /// As report.md.
    Markdown,
    /// As report.json.
    Json,
}

/// Folds the record and writes the report.
pub fn report(arguments: &ReportArguments) -> Exit {
    let mut summary = Summary::new();
    let gaps = match record::read(&arguments.folder, &mut |event| summary.fold(event)) {
        Ok(gaps) => gaps,
        Err(error) => {
            output::say(&error.to_string());
            return Exit::Wrong;
        }
    };
    tell(gaps);
    summary.lacks(gaps.unreadable);
    let bytes = match arguments.format {
        Format::Json => report::json(&summary),
        Format::Markdown => report::markdown(&summary),
        Format::Text => {
            let report = summary.report();
            output::say(&format!("begun {}", begun(&report.started)));
            ui::scorecard(&report, output::data_style()).into_bytes()
        }
    };
    output::data(&bytes, Exit::Good)
}

fn tell(gaps: Gaps) {
    if gaps.torn {
        output::say("the last line of the record is torn: the run ended suddenly");
    }
    if gaps.unreadable > 0 {
        let lines = words::count(gaps.unreadable, "line");
        output::say(&format!("{lines} of the record could not be read"));
    }
}

/// When a run was begun, and how long ago that is.
fn begun(started: &str) -> String {
    let told = words::wall_clock(started);
    let ago = humantime::parse_rfc3339_weak(started)
        .ok()
        .and_then(|time| SystemTime::now().duration_since(time).ok())
        .filter(|ago| *ago >= Duration::from_secs(1));
    match ago {
        Some(ago) => format!("{told}, {} ago", words::duration(ago.as_secs_f64().floor())),
        None => told,
    }
}
