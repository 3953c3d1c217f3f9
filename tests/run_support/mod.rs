//! Runs cases on a pretended clock and writes what happened as lines.

use soak::event::{Event, EventKind, Evidence, Verdict};
use soak::lang::moment::Moment;
use soak::lang::unit;
use soak::lang::value::Value;
use soak::run::Options;
use soak::run::pretend::{Pretend, stepped};
use soak::run::world::{Effect, Signal};
use soak::source::Sources;
use std::fmt::Write;

/// A scenario with what is to happen in it.
pub struct Case {
    pub name: String,
    /// Its text, `#!` lines included.
    pub text: String,
    /// Its `#=` lines.
    pub expected: Vec<String>,
}

/// What stands before the first case, and the cases.
pub fn cases(text: &str) -> (String, Vec<Case>) {
    let mut prelude = String::new();
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("#--- ") {
            cases.push(Case { name: name.into(), text: String::new(), expected: Vec::new() });
        } else if let Some(case) = cases.last_mut() {
            match line.strip_prefix("#= ") {
                Some(expected) => case.expected.push(expected.into()),
                None => {
                    let _ = writeln!(case.text, "{line}");
                }
            }
        } else {
            let _ = writeln!(prelude, "{line}");
        }
    }
    (prelude, cases)
}

impl Case {
    /// The case as it stands in its file, with these `#=` lines.
    pub fn with(&self, happened: &[String]) -> String {
        let lines: String = happened.iter().map(|line| format!("#= {line}\n")).collect();
        format!("#--- {}\n{}\n{lines}\n", self.name, self.text.trim())
    }

    /// What happens in it.
    pub fn run(&self, prelude: &str) -> Vec<String> {
        let mut happened = Vec::new();
        let (events, code, wanted) = match self.events(prelude) {
            Ok(run) => run,
            Err(wrong) => return wrong,
        };
        let told = |word: &str| self.directives().any(|(what, _)| what == word);
        for event in &events {
            if let Some(line) = line(event, told("stages"), told("passes")) {
                happened.push(format!("{:.3} {line}", event.at));
            }
        }
        if wanted {
            happened.push(format!("exit {code}"));
        }
        happened
    }

    fn directives(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.text.lines().filter_map(|line| line.strip_prefix("#! "));
        lines.map(|line| line.split_once(' ').unwrap_or((line, "")))
    }

    /// The events, the exit code, and whether that is asked for.
    pub fn events(&self, prelude: &str) -> Result<(Vec<Event>, u8, bool), Vec<String>> {
        let text = format!("{prelude}\n{}", self.text);
        let mut sources = Sources::new();
        sources.add("case.soak", text).unwrap();
        let options = soak::check::Options { params: &[], files: &soak::check::DiskFiles };
        let checked = soak::check::check(&mut sources, &options);
        let Some(scenario) = checked.scenario else {
            let wrong = checked.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
            return Err(wrong.map(|one| format!("{}: {}", sources.text(one.span()), one.message)).collect());
        };
        let mut world = Pretend::new(&scenario);
        let mut options = Options { scratch: "/scratch".into(), seed: 1, ..Options::default() };
        let mut exit = false;
        for (what, rest) in self.directives() {
            exit |= what == "exit";
            direct(what, rest, &mut world, &mut options);
        }
        options.secrets = scenario.secrets.iter().map(|secret| format!("the {}", secret.variable)).collect();
        let mut events = Vec::new();
        let mut sink = |event: Event| events.push(event);
        let run = soak::run::run(&scenario, &sources, &options, &mut world, &mut sink);
        let outcome = futures_util::FutureExt::now_or_never(run).expect("a pretended world never waits");
        Ok((events, outcome.exit_code(false), exit))
    }
}

fn moment(text: &str) -> Moment {
    let duration = unit::parse(text).ok().and_then(soak::lang::quantity::Quantity::to_duration);
    Moment::START.after(duration.unwrap_or_else(|| panic!("`{text}` is no time")))
}

fn value(text: &str) -> Option<Value> {
    match text {
        "none" => None,
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => Some(unit::parse(text).map_or_else(|_| Value::Text(text.into()), Value::Quantity)),
    }
}

fn direct(what: &str, rest: &str, world: &mut Pretend, options: &mut Options) {
    let mut words = rest.split_whitespace();
    let mut word = || words.next().unwrap_or_else(|| panic!("`{what} {rest}` lacks a word"));
    match what {
        "read" | "tell" => {
            let (series, changes) = rest.split_once(' ').unwrap();
            let changes: Vec<(Moment, Option<Value>)> = changes
                .split_whitespace()
                .map(|change| change.split_once('=').unwrap())
                .map(|(at, read)| (moment(at), value(read)))
                .collect();
            if what == "read" {
                world.reads(series, move |now| stepped(&changes, now));
            } else {
                world.tells(series, changes);
            }
        }
        "fail" => {
            let (what, why) = rest.split_once(": ").unwrap();
            world.fails(what, why);
        }
        "take" => {
            let (what, time) = rest.rsplit_once(' ').unwrap();
            world.takes(what, moment(time).since(Moment::START));
        }
        "effect" => {
            let (what, evidence) = rest.split_once(' ').unwrap();
            let evidence = match evidence {
                "none" => Evidence::None,
                _ => Evidence::Measured,
            };
            world.effect(what, Effect { measured: Some("as seen".into()), evidence });
        }
        "signal" => {
            let at = moment(word());
            world.signal(at, if word() == "INT" { Signal::Interrupt } else { Signal::Terminate });
        }
        "seed" => options.seed = word().parse().unwrap(),
        "only" => options.only.push(rest.into()),
        "skip" => options.skip.push(rest.into()),
        "stages" | "passes" | "exit" => {}
        other => panic!("`#! {other}` means nothing"),
    }
}

fn line(event: &Event, stages: bool, passes: bool) -> Option<String> {
    Some(match &event.kind {
        EventKind::StageStarted { stage } if stages => format!("stage {stage:?}").to_lowercase(),
        EventKind::PassStarted { pass, .. } if passes => format!("pass {pass}"),
        EventKind::StageStarted { .. } | EventKind::PassStarted { .. } | EventKind::RunStarted(_) => {
            return None;
        }
        EventKind::PhaseStarted(phase) => format!("phase {}", phase.name),
        EventKind::PhaseEnded(phase) => {
            format!("end {}{}", phase.name, if phase.cut { " (cut)" } else { "" })
        }
        EventKind::FaultApplied(fault) => format!("+ {} [{}]", fault.asked, fault.fault),
        EventKind::FaultUndone(fault) => match fault.evidence {
            Evidence::NotExercised => format!("- [{}]", fault.fault),
            evidence => format!("- [{}] {evidence:?}", fault.fault).to_lowercase(),
        },
        EventKind::Acted(acted) => {
            let failed = acted.failed.as_ref().map(|why| format!(" failed: {why}")).unwrap_or_default();
            format!("{}{failed}", acted.asked)
        }
        EventKind::LoadStarted { text, .. } => text.clone(),
        EventKind::LoadEnded { name, .. } => format!("load {name} ended"),
        EventKind::Judged(judged) => {
            let mut line = format!("{} {}", verdict(judged.verdict), judged.name);
            if let Some(took) = judged.took {
                let _ = write!(line, " took {took}s");
            }
            if let (Verdict::Fail | Verdict::Warn, Some(actual)) = (judged.verdict, &judged.actual) {
                let _ = write!(line, " was {}", actual.text);
            }
            if let Some(reason) = &judged.reason {
                let _ = write!(line, " ({reason})");
            }
            if !judged.faults.is_empty() {
                let _ = write!(line, " while {}", judged.faults.join(", "));
            }
            line
        }
        EventKind::Shown { rows, .. } => format!("rows {}", rows.len()),
        EventKind::Command(command) => {
            let failed = command.failed.as_ref().map(|why| format!(" failed: {why}")).unwrap_or_default();
            format!("run {}{failed}", command.command)
        }
        EventKind::Noticed { text, .. } => format!("notice: {text}"),
        EventKind::Note { text, .. } => format!("note {text}"),
        EventKind::Interrupted { signal } => format!("interrupted by {signal}"),
        EventKind::RunEnded(ended) => {
            let reason = ended.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{}{reason}", verdict(ended.verdict))
        }
        other => format!("{other:?}"),
    })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Fail => "fail",
    }
}
