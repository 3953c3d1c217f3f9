//! The scorecard: what was asked, what came of it, in words. Markdown and the terminal show the same.

use super::{Expectation, Report, words};
use crate::event::Verdict;

/// A row: metric, target, actual, status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub metric: String,
    pub target: String,
    pub actual: String,
    pub status: Verdict,
}

/// The rows, in the order of the report.
pub fn lines(report: &Report) -> Vec<Line> {
    report.expectations.iter().map(line).collect()
}

fn line(row: &Expectation) -> Line {
    // Without a name of its own, an expectation is called by its condition; it need not be told twice.
    let target = match &row.target {
        Some(target) if row.name == row.text => target.text.clone(),
        _ => row.text.clone(),
    };
    Line { metric: row.name.clone(), target, actual: actual(row), status: row.verdict }
}

fn actual(row: &Expectation) -> String {
    let reason = row.evidence.as_ref().and_then(|evidence| evidence.reason.clone());
    if row.judged == 0 || row.met + row.missed == 0 {
        return reason.unwrap_or_else(|| "no verdict".into());
    }
    let worst = row.worst.as_ref();
    let value = worst.map_or("", |worst| words::figure(&worst.value));
    if row.judged > 1 {
        let mut parts = vec![format!("met {} of {}", words::number(row.met), words::number(row.judged))];
        if let Some(worst) = worst.filter(|_| !value.is_empty()) {
            parts.push(format!("worst {value} at {}", words::moment(worst.at)));
        }
        if row.inconclusive > 0 {
            parts.push(format!("{} without a verdict", words::number(row.inconclusive)));
        }
        return parts.join("; ");
    }
    match (value.is_empty(), reason) {
        (true, Some(reason)) => reason,
        (true, None) if row.missed > 0 => "it did not hold".into(),
        (true, None) => "it held".into(),
        (false, Some(reason)) if row.missed > 0 => format!("{value} ({reason})"),
        (false, _) if row.took.is_some() => format!("held after {value}"),
        (false, _) => value.to_owned(),
    }
}

/// The first line of a report: the verdict and what it is about.
pub fn headline(report: &Report) -> String {
    let judged = |verdict: Verdict| report.expectations.iter().filter(|row| row.verdict == verdict).count();
    let total = report.expectations.len() as u64;
    let mut parts = Vec::new();
    for (verdict, what) in [
        (Verdict::Fail, "missed"),
        (Verdict::Inconclusive, "without a verdict"),
        (Verdict::Warn, "missed as a warning"),
    ] {
        let count = judged(verdict);
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let all = words::count(total, "expectation");
    match (total, parts.is_empty()) {
        (0, _) => "nothing was expected".to_owned(),
        (_, true) => format!("{all}, all met"),
        (_, false) => format!("{all}, {}", parts.join(", ")),
    }
}

/// Why a run did not go to its end, or what else keeps it from a better verdict; sentences without a final stop.
pub fn remarks(report: &Report) -> Vec<String> {
    // An interruption says more with its signal and its moment.
    let told_below = |reason: &&String| !report.interruptions.is_empty() && reason.starts_with("interrupted");
    let mut remarks: Vec<String> =
        report.reason.iter().filter(|reason| !told_below(reason)).cloned().collect();
    for interruption in &report.interruptions {
        remarks.push(format!("interrupted by {} at {}", interruption.signal, words::moment(interruption.at)));
    }
    for group in report.fault_groups.iter().filter(|group| group.without_effect > 0) {
        remarks.push(format!(
            "`{} {}` (line {}) had no effect {} of {} times: what held meanwhile proves nothing",
            group.target,
            group.verb,
            group.line,
            words::number(group.without_effect),
            words::number(group.times)
        ));
    }
    if report.omitted.unreadable > 0 {
        remarks.push(format!(
            "{} of the record could not be read",
            words::count(report.omitted.unreadable, "line")
        ));
    }
    remarks
}
