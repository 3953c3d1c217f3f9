//! A rehearsal for people: a line a step, with its time, the line of the scenario it comes from, and what it does,
//! indented by the blocks around it. It keeps what has begun and not ended, and nothing else.

use super::Style;
use super::paint::{Color, clip, colored, plain};
use super::told::stage_text;
use crate::event::{Event, EventKind, FaultApplied, LoadRate, Rehearsed, Stage};
use crate::lang::quantity::{Amount, Dimension, Quantity};
use crate::lang::unit;
use crate::report::words;
use std::collections::BTreeMap;
use std::time::Duration;
use unicode_width::UnicodeWidthStr;

/// The columns of times and of lines.
const TIME: usize = 16;
const LINE: usize = 6;
/// What stands deeper is indented no further.
const DEEPEST: u32 = 24;
/// Ends that lie so near are the same, in seconds.
const SAME: f64 = 1e-6;

/// A fault that has not ended.
struct Lasting {
    asked: String,
    line: u32,
    /// When its own words say that it ends.
    ends: Option<f64>,
}

/// Writes the events of a rehearsal as lines.
pub struct Rehearsal {
    style: Style,
    /// No line is longer.
    width: Option<usize>,
    faults: BTreeMap<u64, Lasting>,
    /// Of each load that goes on, what it asked for last.
    loads: BTreeMap<u64, (String, Option<LoadRate>)>,
    /// The heads of the `every` that were reached, by line.
    heads: BTreeMap<u32, String>,
}

impl Rehearsal {
    /// Lines in a style, clipped where a width is given.
    pub fn new(style: Style, width: Option<usize>) -> Rehearsal {
        Rehearsal { style, width, faults: BTreeMap::new(), loads: BTreeMap::new(), heads: BTreeMap::new() }
    }

    /// The lines of an event, each with its end; nothing where it says no more than others did.
    pub fn lines(&mut self, event: &Event) -> String {
        let said = match &event.kind {
            EventKind::RunStarted(started) => {
                let head = format!("{}, rehearsed with seed {}\n", plain(&started.scenario), started.seed);
                return format!("{head}{:>TIME$}{:>LINE$}  step\n", "time      ", "line");
            }
            EventKind::Rehearsed(rehearsed) => return self.summary(rehearsed),
            EventKind::StageStarted { stage: Stage::Story } => None,
            EventKind::StageStarted { stage } => Some((0, stage_text(*stage).to_owned(), None)),
            EventKind::PhaseStarted(phase) => Some((phase.line, format!("phase \"{}\"", phase.name), None)),
            EventKind::PhaseEnded(phase) => {
                let cut = if phase.cut { ", which cuts what is in it" } else { "" };
                Some((0, format!("end of phase \"{}\"{cut}", phase.name), Some(Color::Gray)))
            }
            EventKind::PassStarted { line, pass } => {
                let of = self.heads.get(line).map(|head| format!(" of {head}")).unwrap_or_default();
                Some((*line, format!("pass {pass}{of}"), Some(Color::Gray)))
            }
            EventKind::Step { line, text } => {
                if text.starts_with("every ") {
                    let head = text.split(" < ").next().unwrap_or(text);
                    self.heads.insert(*line, head.to_owned());
                }
                Some((*line, text.clone(), None))
            }
            EventKind::FaultApplied(fault) => Some(self.fault(event.at, fault)),
            EventKind::FaultUndone(undone) => self.fault_end(undone.fault, undone.undone),
            EventKind::Acted(acted) => {
                let failed = acted.failed.as_ref().map(|why| format!(" fails: {why}")).unwrap_or_default();
                Some((acted.line, format!("{}{failed}", acted.asked), None))
            }
            EventKind::Command(command) => Some((command.line, format!("run {}", command.command), None)),
            EventKind::Note { line, text } => Some((*line, format!("note \"{text}\""), None)),
            EventKind::Expected(expected) => Some((expected.line, expectation(expected), None)),
            EventKind::LoadStarted { load, line, text, .. } => {
                self.loads.insert(*load, (text.clone(), None));
                Some((*line, text.clone(), Some(Color::Green)))
            }
            EventKind::LoadRate(rate) => self.rate(rate),
            EventKind::LoadEnded { load, name, line } => {
                let (_, last) = self.loads.remove(load).unwrap_or_default();
                let sent = last.map_or_else(String::new, |last| format!(": {}", due(last.due, last.about)));
                Some((*line, format!("end of load {name}{sent}"), Some(Color::Gray)))
            }
            EventKind::Noticed { line, text } => Some((line.unwrap_or(0), text.clone(), Some(Color::Yellow))),
            _ => None,
        };
        said.map_or_else(String::new, |(line, text, color)| self.line(event, line, &text, color))
    }

    fn line(&self, event: &Event, line: u32, text: &str, color: Option<Color>) -> String {
        let time = format!("{:>TIME$}", clock(event.at));
        let line = if line == 0 { " ".repeat(LINE) } else { format!("{line:>LINE$}") };
        let indent = 2 * event.depth.unwrap_or(0).min(DEEPEST) as usize;
        let mut text = plain(text);
        if let Some(width) = self.width {
            text = clip(self.style, &text, width.saturating_sub(TIME + LINE + 2 + indent).max(1));
        }
        let text = color.map_or_else(|| text.clone(), |color| colored(self.style, color, &text));
        let place = colored(self.style, Color::Gray, &format!("{time}{line}"));
        format!("{place}  {:indent$}{text}\n", "")
    }

    fn fault(&mut self, at: f64, fault: &FaultApplied) -> (u32, String, Option<Color>) {
        let ends = fault.lasts.map(|lasts| at + lasts);
        let lasting = Lasting { asked: fault.asked.clone(), line: fault.line, ends };
        self.faults.insert(fault.fault, lasting);
        (fault.line, fault.asked.clone(), Some(Color::Red))
    }

    /// The end of a fault, where it is another than its own words said.
    fn fault_end(&mut self, fault: u64, undone: f64) -> Option<(u32, String, Option<Color>)> {
        let fault = self.faults.remove(&fault)?;
        let told = fault.ends.is_some_and(|ends| (ends - undone).abs() < SAME);
        (!told).then(|| (fault.line, format!("end of {}", fault.asked), Some(Color::Gray)))
    }

    /// What a load asks for now, where its own words do not say it.
    fn rate(&mut self, rate: &LoadRate) -> Option<(u32, String, Option<Color>)> {
        let (text, before) = self.loads.get_mut(&rate.load)?;
        let first = before.replace(rate.clone()).is_none();
        let written = text
            .split_once(" at ")
            .is_some_and(|(_, rate)| rate.starts_with(|c: char| c.is_ascii_digit()) && !rate.contains(".."));
        let over = rate.rate == Some(0.0) && rate.to.is_none() || rate.users == Some(0);
        let now = level(rate.rate, rate.users);
        if over || first && rate.to.is_none() && (rate.rate.is_none() || written) {
            return None;
        }
        let to = rate.to.zip(rate.until).map(|(to, until)| {
            let to = level(rate.rate.map(|_| to), rate.users.map(|_| to as u64));
            format!(" -> {to} until {}", clock(until).trim())
        });
        let so_far = if first { String::new() } else { format!("; so far {}", due(rate.due, rate.about)) };
        let told = format!("{}: {now}{}{so_far}", rate.name, to.unwrap_or_default());
        Some((rate.line, told, Some(Color::Green)))
    }

    fn summary(&self, rehearsed: &Rehearsed) -> String {
        let mut text = String::new();
        if let Some(why) = &rehearsed.reason {
            text.push_str(&format!("\nIt came to a halt: {}\n", plain(why)));
        }
        let time = unit::format_duration(Duration::from_secs_f64(rehearsed.duration.max(0.0)));
        text.push_str(&format!(
            "\n{time}, {}, {}, seed {}\n",
            words::count(rehearsed.events, "event"),
            words::count(rehearsed.faults, "fault"),
            rehearsed.seed
        ));
        let width = rehearsed.iterations.iter().map(|sent| sent.name.width()).max().unwrap_or(0);
        for sent in &rehearsed.iterations {
            let space = width - sent.name.width();
            text.push_str(&format!("  {}{:space$}  {}\n", sent.name, "", due(sent.due, sent.about)));
        }
        text
    }
}

fn expectation(expected: &crate::event::Planned) -> String {
    let condition = expected.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if expected.name == expected.text {
        format!("{} {condition}", expected.demand)
    } else {
        format!("{} \"{}\": {condition}", expected.demand, expected.name)
    }
}

/// A rate or a number of users, as a scenario would write it.
fn level(rate: Option<f64>, users: Option<u64>) -> String {
    match (rate, users) {
        (Some(rate), _) => {
            let periods = [(1.0, "s"), (60.0, "min"), (3_600.0, "h"), (86_400.0, "d")];
            let whole = |(seconds, _): &&(f64, &str)| {
                let number = rate * seconds;
                number >= 1.0 && (number - number.round()).abs() < 1e-9 * number
            };
            match periods.iter().find(whole) {
                Some((seconds, name)) => format!("{}/{name}", unit::number((rate * seconds).round())),
                None => {
                    let amount = Amount::Float(rate);
                    unit::format(Quantity { amount, dimension: Dimension::RATE, percent: false })
                }
            }
        }
        (None, Some(users)) => words::count(users, "user"),
        (None, None) => String::new(),
    }
}

fn due(due: Option<u64>, about: bool) -> String {
    let about = if about { "about " } else { "" };
    match due {
        Some(due) => format!("{about}{}", words::count(due, "iteration")),
        None => "a number of iterations that is not known before a run".into(),
    }
}

/// A moment as `3d 04:05:06.700`, whole seconds under each other.
fn clock(seconds: f64) -> String {
    let millis = (seconds * 1e3).round().max(0.0) as u64;
    let (whole, part) = (millis / 1_000, millis % 1_000);
    let days = match whole / 86_400 {
        0 => String::new(),
        days => format!("{days}d "),
    };
    let part = if part == 0 { "    ".to_owned() } else { format!(".{part:03}") };
    format!("{days}{:02}:{:02}:{:02}{part}", whole / 3_600 % 24, whole / 60 % 60, whole % 60)
}
