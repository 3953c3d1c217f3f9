//! The report that people read, as Markdown: it reads well in a pull request and as plain text.

use super::scorecard;
use super::{MAX_TOLD_OF_ONE, Missed, Report, Summary, words};
use crate::event::{Account, Distribution, Verdict};
use std::fmt::Write;

/// More passes or faults than this are told by statement.
const MAX_ROWS_ONE_BY_ONE: usize = 40;
/// How many missed judgements are told at length, and how many notes and notices.
const MAX_AT_LENGTH: usize = 20;
/// How many keys of a ledger are named.
const MAX_KEYS: usize = 10;

/// `report.md`.
pub fn markdown(summary: &Summary) -> Vec<u8> {
    let report = summary.report();
    let mut page = String::new();
    head(&mut page, &report);
    scores(&mut page, &report);
    missed(&mut page, &report);
    phases(&mut page, &report);
    faults(&mut page, &report);
    recoveries(&mut page, &report);
    loads(&mut page, &report);
    ledgers(&mut page, &report);
    processes(&mut page, &report);
    acts(&mut page, &report);
    notes(&mut page, &report);
    page.into_bytes()
}

fn head(page: &mut String, report: &Report) {
    let verdict = words::verdict(report.verdict).to_uppercase();
    let _ = writeln!(page, "# {}: {verdict}\n", text(&report.scenario));
    let _ = writeln!(page, "{}.\n", scorecard::headline(report));
    for remark in scorecard::remarks(report) {
        let _ = writeln!(page, "> {}.\n", text(&remark));
    }
    let _ = writeln!(page, "| | |\n|---|---|");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(page, "| {name} | {value} |");
    };
    row("file", code(&report.file));
    row("started", words::wall_clock(&report.started));
    let story = report.story.map(|story| format!(", of it {} of story", words::duration(story)));
    row("took", format!("{}{}", words::duration(report.duration), story.unwrap_or_default()));
    row("seed", report.seed.to_string());
    if !report.params.is_empty() {
        let params: Vec<String> =
            report.params.iter().map(|(name, value)| code(&format!("{name}={value}"))).collect();
        row("params", params.join(" "));
    }
    row("soak", text(&report.soak));
}

fn scores(page: &mut String, report: &Report) {
    let rows = scorecard::lines(report).into_iter().zip(&report.expectations).map(|(line, row)| {
        let status = status(line.status);
        vec![text(&line.metric), target(&line.target), text(&line.actual), status, row.line.to_string()]
    });
    table(page, "Scorecard", "metric | target | actual | status | line", rows);
}

fn target(target: &str) -> String {
    if target.is_empty() { String::new() } else { code(target) }
}

fn status(verdict: Verdict) -> String {
    match verdict {
        Verdict::Pass => "pass".into(),
        Verdict::Warn | Verdict::Fail => format!("**{}**", words::verdict(verdict)),
        Verdict::Inconclusive => "*inconclusive*".into(),
    }
}

fn missed(page: &mut String, report: &Report) {
    if report.missed.is_empty() {
        return;
    }
    page.push_str("\n## Missed\n\n");
    for missed in report.missed.iter().take(MAX_AT_LENGTH) {
        one_missed(page, missed);
    }
    let untold = report.missed.len().saturating_sub(MAX_AT_LENGTH) as u64 + report.omitted.missed;
    more(page, untold, "report.json has the first ones of each expectation");
}

fn one_missed(page: &mut String, missed: &Missed) {
    let _ =
        write!(page, "- **{}** at {}, line {}", text(&missed.name), words::moment(missed.at), missed.line);
    if !missed.place.is_empty() {
        let _ = write!(page, ", in {}", text(&words::place(&missed.place)));
    }
    let _ = write!(page, ": {} {}", missed.severity, code(&missed.text));
    if missed.actual.is_some() {
        let _ = write!(page, ", it was {}", text(words::figure(&missed.actual)));
    }
    if let Some(reason) = &missed.reason {
        let _ = write!(page, "; {}", text(reason));
    }
    if !missed.faults.is_empty() {
        let faults: Vec<String> = missed.faults.iter().map(|fault| code(fault)).collect();
        let _ = write!(page, "; in force: {}", faults.join(", "));
    }
    page.push('\n');
    for row in &missed.shown {
        let _ = writeln!(page, "  - {}", code(row));
    }
}

fn phases(page: &mut String, report: &Report) {
    let verdict = |verdict: Option<Verdict>| verdict.map_or_else(String::new, status);
    if report.omitted.phases == 0 && report.phases.len() <= MAX_ROWS_ONE_BY_ONE {
        let rows = report.phases.iter().map(|phase| {
            let end = phase.end.map_or_else(String::new, words::moment);
            let cut = if phase.cut { " (cut)" } else { "" };
            let took = phase.end.map_or_else(String::new, |end| words::duration(end - phase.start));
            vec![
                text(&phase.name),
                phase.pass.to_string(),
                words::moment(phase.start),
                format!("{end}{cut}"),
                took,
                verdict(phase.verdict),
            ]
        });
        return table(page, "Phases", "phase | pass | start | end | took | status", rows);
    }
    let rows = report.phase_groups.iter().map(|group| {
        vec![
            text(&group.name),
            words::number(group.passes),
            words::number(group.cut),
            words::duration(group.time),
            words::duration(group.worst_lateness),
            verdict(group.verdict),
        ]
    });
    table(page, "Phases", "phase | passes | cut | time in all | latest start | status", rows);
}

fn faults(page: &mut String, report: &Report) {
    if report.omitted.faults == 0 && report.faults.len() <= MAX_ROWS_ONE_BY_ONE {
        let rows = report.faults.iter().map(|fault| {
            vec![
                code(&fault.asked),
                fault.line.to_string(),
                words::moment(fault.applied),
                words::duration(fault.applied - fault.due),
                fault.undone.map_or_else(|| "not known".into(), words::moment),
                fault.measured.as_deref().map_or_else(|| words::evidence(fault.evidence).into(), text),
            ]
        });
        return table(page, "Faults", "asked | line | applied | late by | undone | measured", rows);
    }
    let rows = report.fault_groups.iter().map(|group| {
        vec![
            code(&format!("{} {}", group.target, group.verb)),
            group.line.to_string(),
            words::number(group.times),
            words::number(group.undone),
            words::duration(group.in_force),
            words::duration(group.worst_lateness),
            words::number(group.measured),
            words::number(group.not_exercised),
            words::number(group.without_effect),
        ]
    });
    let columns =
        "fault | line | times | undone | in force | latest by | measured | not exercised | no effect";
    table(page, "Faults", columns, rows);
}

fn recoveries(page: &mut String, report: &Report) {
    let rows = report.recoveries.iter().map(|recovery| {
        vec![
            text(&recovery.name),
            words::number(recovery.count),
            words::duration(recovery.min),
            words::duration(recovery.median),
            words::duration(recovery.max),
        ]
    });
    table(page, "Recovery times", "what | times | shortest | median | longest", rows);
}

fn loads(page: &mut String, report: &Report) {
    let rows = report.loads.iter().map(|load| {
        let figures = [load.count, load.failed, load.dropped, load.skipped, load.cut];
        let mut row = vec![text(&load.name)];
        row.extend(figures.map(words::number));
        row.push(format!("{}/s", crate::lang::unit::number(load.rate)));
        row
    });
    table(page, "Loads", "load | ended | failed | dropped | skipped | cut | rate", rows);
    let mut rows = Vec::new();
    for load in &report.loads {
        let parts = [
            ("latency", &load.latency),
            ("service time", &load.service_time),
            ("lateness of the generator", &load.lateness),
        ];
        for (what, distribution) in parts {
            rows.extend(distribution.as_ref().map(|distribution| times(&load.name, what, distribution)));
        }
        let requests = load.requests.iter();
        rows.extend(requests.map(|request| {
            let what = format!("`{}`, {} times", request.name, words::number(request.count));
            times(&load.name, &what, &request.took)
        }));
    }
    table(page, "", "load | time | min | mean | p50 | p90 | p95 | p99 | p99.9 | max", rows.into_iter());
    let causes = report.loads.iter().flat_map(|load| {
        load.errors.iter().map(|(cause, count)| vec![text(&load.name), text(cause), words::number(*count)])
    });
    table(page, "", "load | cause of errors | times", causes);
}

fn times(name: &str, what: &str, of: &Distribution) -> Vec<String> {
    let mut row = vec![text(name), what.to_owned()];
    row.extend([of.min, of.mean, of.p50, of.p90, of.p95, of.p99, of.p999, of.max].map(words::duration));
    row
}

fn ledgers(page: &mut String, report: &Report) {
    let rows = report.ledgers.iter().map(|ledger| {
        let counts = [
            ledger.sent,
            ledger.received,
            ledger.lost.count,
            ledger.duplicated.count,
            ledger.unexpected.count,
            ledger.altered.count,
        ];
        let mut row = vec![text(&ledger.name)];
        row.extend(counts.map(words::number));
        row
    });
    table(page, "Ledgers", "ledger | sent | received | lost | duplicated | unexpected | altered", rows);
    let mut first = true;
    for ledger in &report.ledgers {
        if !ledger.sources.is_empty() {
            if std::mem::take(&mut first) {
                page.push('\n');
            }
            let sources: Vec<String> = ledger.sources.iter().map(|source| code(source)).collect();
            let _ = writeln!(page, "- {} received from {}", text(&ledger.name), sources.join(", "));
        }
        let accounts = [
            ("lost", &ledger.lost),
            ("duplicated", &ledger.duplicated),
            ("unexpected", &ledger.unexpected),
            ("altered", &ledger.altered),
        ];
        for (what, account) in accounts.into_iter().filter(|(_, account)| !account.keys.is_empty()) {
            if std::mem::take(&mut first) {
                page.push('\n');
            }
            let _ = writeln!(page, "- {} {what}: {}", text(&ledger.name), keys(account));
        }
    }
}

fn keys(account: &Account) -> String {
    let named: Vec<String> = account.keys.iter().take(MAX_KEYS).map(|key| code(key)).collect();
    let untold = account.count.saturating_sub(named.len() as u64);
    let more = if untold > 0 { format!(" and {} more", words::number(untold)) } else { String::new() };
    format!("{}{more}", named.join(", "))
}

fn processes(page: &mut String, report: &Report) {
    let rows = report.processes.iter().map(|process| {
        let ready = process.ready.as_ref();
        vec![
            text(&process.target),
            words::number(process.starts),
            words::number(process.exits),
            words::number(process.unexpected),
            process.last_unexpected.as_deref().map_or_else(String::new, text),
            ready.map_or_else(String::new, |took| words::duration(took.median)),
            ready.map_or_else(String::new, |took| words::duration(took.max)),
        ]
    });
    let columns = "process | starts | exits | unexpected | last unexpected | ready after (median) | longest";
    table(page, "Processes", columns, rows);
}

fn acts(page: &mut String, report: &Report) {
    let acts = report.acts.iter().map(|act| {
        let name = code(&format!("{} {}", act.target, act.verb));
        vec![name, act.line.to_string(), words::number(act.times), words::number(act.failed)]
    });
    let commands = report.commands.iter().map(|command| {
        let name = code(&format!("run {}", command.command));
        vec![name, command.line.to_string(), words::number(command.times), words::number(command.failed)]
    });
    table(page, "Acts and commands", "what | line | times | failed", acts.chain(commands));
}

fn notes(page: &mut String, report: &Report) {
    for (title, notes, omitted) in [
        ("Notes", &report.notes, report.omitted.notes),
        ("What did not go as planned", &report.notices, report.omitted.notices),
    ] {
        if notes.is_empty() {
            continue;
        }
        let _ = writeln!(page, "\n## {title}\n");
        for note in notes.iter().take(MAX_AT_LENGTH) {
            let line = note.line.map_or_else(String::new, |line| format!(", line {line}"));
            let _ = writeln!(page, "- {}{line}: {}", words::moment(note.at), text(&note.text));
        }
        more(page, notes.len().saturating_sub(MAX_AT_LENGTH) as u64 + omitted, "see report.json");
    }
}

fn more(page: &mut String, untold: u64, whereto: &str) {
    if untold > 0 {
        let _ = writeln!(page, "- and {} more; {whereto}", words::number(untold));
    }
}

/// A table under a heading, or nothing where there are no rows.
fn table(page: &mut String, title: &str, columns: &str, rows: impl Iterator<Item = Vec<String>>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    page.push('\n');
    if !title.is_empty() {
        let _ = writeln!(page, "## {title}\n");
    }
    let rule = "---|".repeat(columns.split('|').count());
    let _ = writeln!(page, "| {columns} |\n|{rule}");
    for row in rows {
        // A bar would end the cell, in code too.
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
}

/// A text in Markdown, on one line: what would mean something there is shown as it is.
fn text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '*' | '[' | '\\' => plain.extend(['\\', character]),
            _ => plain.push(character),
        }
    }
    plain
}

/// A text as code, also where it holds backticks.
fn code(text: &str) -> String {
    let flat = text.replace(['\n', '\r', '\t'], " ");
    let longest = flat.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let room = if flat.starts_with('`') || flat.ends_with('`') { " " } else { "" };
    format!("{fence}{room}{flat}{room}{fence}")
}

const _: () = assert!(MAX_AT_LENGTH <= MAX_TOLD_OF_ONE);
