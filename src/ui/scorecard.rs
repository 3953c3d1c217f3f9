//! The end of a run in the terminal: verdict, scorecard, and what else must be known.

use super::Style;
use super::paint::{self, Color, clip, colored, plain};
use crate::report::{Report, scorecard, words};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The widest name and the widest condition that are shown whole.
const WIDEST: usize = 44;

/// The scorecard as text, ended by a newline.
pub fn scorecard(report: &Report, style: Style) -> String {
    let verdict = words::verdict(report.verdict).to_uppercase();
    let verdict = colored(style, paint::color(report.verdict), &verdict);
    let took = words::duration(report.duration);
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{verdict}  {}: {}; {took}, seed {}",
        plain(&report.scenario),
        scorecard::headline(report),
        report.seed
    );
    rows(&mut text, report, style);
    recoveries(&mut text, report);
    ledgers(&mut text, report);
    for remark in scorecard::remarks(report) {
        let _ = writeln!(text, "  {}", colored(style, Color::Magenta, &plain(&remark)));
    }
    text
}

fn rows(text: &mut String, report: &Report, style: Style) {
    let lines = scorecard::lines(report);
    let cell = |cell: &str| clip(style, &plain(cell), WIDEST);
    let cells: Vec<[String; 3]> = lines
        .iter()
        .map(|line| {
            let target = if line.target == line.metric { String::new() } else { cell(&line.target) };
            [words::verdict(line.status).to_owned(), cell(&line.metric), target]
        })
        .collect();
    let width = |column: usize| cells.iter().map(|cells| cells[column].width()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for (line, [status, metric, target]) in lines.iter().zip(&cells) {
        let pad = |text: &str, column: usize| " ".repeat(widths[column] - text.width());
        let mark = format!("{} {status}", paint::mark(style, line.status));
        let row = format!(
            "  {}{}  {metric}{}  {target}{}  {}",
            colored(style, paint::color(line.status), &mark),
            pad(status, 0),
            pad(metric, 1),
            pad(target, 2),
            plain(&line.actual)
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
}

fn recoveries(text: &mut String, report: &Report) {
    for recovery in report.recoveries.iter().filter(|recovery| recovery.count > 1) {
        let _ = writeln!(
            text,
            "  {}: {} times, {} to {}, median {}",
            plain(&recovery.name),
            words::number(recovery.count),
            words::duration(recovery.min),
            words::duration(recovery.max),
            words::duration(recovery.median)
        );
    }
}

fn ledgers(text: &mut String, report: &Report) {
    for ledger in &report.ledgers {
        let _ = writeln!(
            text,
            "  {}: {} sent, {} received, {} lost, {} duplicated, {} unexpected, {} altered",
            plain(&ledger.name),
            words::number(ledger.sent),
            words::number(ledger.received),
            words::number(ledger.lost.count),
            words::number(ledger.duplicated.count),
            words::number(ledger.unexpected.count),
            words::number(ledger.altered.count)
        );
    }
}
