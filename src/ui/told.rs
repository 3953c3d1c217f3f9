//! Events as lines of text.

use super::Style;
use super::missed;
use super::paint::{self, Color, colored, plain};
use crate::event::{Event, EventKind, Stage, Verdict};
use crate::report::words;

/// How much an event matters to someone who looks on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Shown with `-v` only.
    Detail,
    /// What the story does: shown where lines are shown.
    Story,
    /// Shown in any case.
    Always,
}

/// How much an event matters, the line that its kind of event counts by, and its text.
pub fn told(event: &Event, style: Style) -> Option<(Weight, u32, String)> {
    use Weight::{Always, Detail, Story};
    let (weight, line, text) = match &event.kind {
        EventKind::RunStarted(started) => {
            (Always, 0, format!("run {} of {} with seed {}", started.scenario, started.file, started.seed))
        }
        EventKind::RunEnded(ended) => (Story, 0, format!("the run ended: {}", words::verdict(ended.verdict))),
        EventKind::StageStarted { stage } => (Story, 0, stage_text(*stage).to_owned()),
        EventKind::PhaseStarted(phase) => {
            let pass = if phase.pass > 1 { format!(", pass {}", phase.pass) } else { String::new() };
            (Story, phase.line, format!("phase {}{pass}", phase.name))
        }
        EventKind::PhaseEnded(phase) => {
            let cut = if phase.cut { ", cut at its end" } else { "" };
            (Detail, 0, format!("phase {} ended{cut}", phase.name))
        }
        EventKind::PassStarted { line, pass } => (Detail, *line, format!("pass {pass}")),
        EventKind::FaultApplied(fault) => (Story, fault.line, fault.asked.clone()),
        EventKind::FaultUndone(fault) => {
            let measured = fault.measured.as_deref().unwrap_or(words::evidence(Some(fault.evidence)));
            (Detail, 0, format!("fault {} undone: {measured}", fault.fault))
        }
        EventKind::Acted(acted) => match &acted.failed {
            Some(why) => (Always, acted.line, format!("{} failed: {why} (line {})", acted.asked, acted.line)),
            None => (Story, acted.line, acted.asked.clone()),
        },
        EventKind::Command(command) => match &command.failed {
            Some(why) => {
                (Always, command.line, format!("`{}` failed: {why} (line {})", command.command, command.line))
            }
            None if command.was_cut() => {
                (Story, command.line, format!("`{}` was ended with its block", command.command))
            }
            None => {
                (Story, command.line, format!("`{}` took {}", command.command, words::duration(command.took)))
            }
        },
        EventKind::LoadStarted { line, text, .. } => (Story, *line, text.clone()),
        EventKind::LoadEnded { line, name, .. } => (Detail, *line, format!("load {name} ended")),
        EventKind::ProcessStarted { target, pid, found } => {
            let how = if *found { "found" } else { "started" };
            (Story, 0, format!("{target} {how} (pid {pid})"))
        }
        EventKind::ProcessReady { target, took } => {
            (Story, 0, format!("{target} is ready after {}", words::duration(*took)))
        }
        EventKind::ProcessExited { target, code, signal, expected } => {
            let weight = if *expected { Story } else { Always };
            let how = words::exit(*code, *signal);
            let unasked = if *expected { "" } else { ", which nobody asked for" };
            (weight, 0, format!("{target} ended: {how}{unasked}"))
        }
        EventKind::Judged(judged) => match judged.verdict {
            Verdict::Pass => {
                let took = judged.took.map(|took| format!(" after {}", words::duration(took)));
                (Detail, judged.line, format!("{} held{}", judged.name, took.unwrap_or_default()))
            }
            _ => (Always, judged.line, missed::message(judged)),
        },
        EventKind::Shown { line, rows } => (Always, *line, rows.join("; ")),
        EventKind::Noticed { line, text } => (Always, line.unwrap_or(0), text.clone()),
        EventKind::Note { line, text } => (Always, *line, format!("note: {text}")),
        EventKind::Interrupted { signal } => (
            Always,
            0,
            format!("{signal}: stopping; the second signal leaves out the commands of the cleanup"),
        ),
        EventKind::LoadSummary(_) | EventKind::LedgerSummary(_) => return None,
        // A rehearsal is told in a form of its own.
        EventKind::Step { .. }
        | EventKind::Expected(_)
        | EventKind::LoadRate(_)
        | EventKind::Rehearsed(_) => return None,
    };
    Some((weight, line, painted(event, style, &plain(&text))))
}

/// The moment in front, and the mark of a verdict.
fn painted(event: &Event, style: Style, text: &str) -> String {
    let moment = colored(style, Color::Gray, &format!("{:>9}", words::moment(event.at)));
    let verdict = match &event.kind {
        EventKind::Judged(judged) => Some(crate::report::weight(&judged.demand, judged.verdict)),
        EventKind::Acted(acted) => acted.failed.as_ref().map(|_| Verdict::Fail),
        EventKind::Command(command) => command.failed.as_ref().map(|_| Verdict::Fail),
        EventKind::ProcessExited { expected: false, .. } | EventKind::Noticed { .. } => Some(Verdict::Warn),
        _ => None,
    };
    match verdict {
        Some(verdict) => {
            let mark = colored(style, paint::color(verdict), paint::mark(style, verdict));
            format!("{moment}  {mark} {text}")
        }
        None => format!("{moment}    {text}"),
    }
}

pub(super) fn stage_text(stage: Stage) -> &'static str {
    match stage {
        Stage::Setup => "setup",
        Stage::Start => "starting the targets",
        Stage::Story => "the story begins",
        Stage::Stop => "stopping the targets",
        Stage::Cleanup => "cleanup",
    }
}
