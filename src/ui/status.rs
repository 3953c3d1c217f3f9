//! The state of a run on one line: phase, time, faults in force, loads, what was missed.

use super::Style;
use super::paint::{clip, plain};
use crate::event::{Event, EventKind, Stage, Verdict};
use crate::report::words;
use std::time::Duration;

/// How many phases and faults are followed; deeper ones are only not shown.
const MAX_FOLLOWED: usize = 100;

/// What the line is made of.
#[derive(Clone, Debug)]
pub struct Status {
    total: Option<Duration>,
    stage: Stage,
    /// When the story began.
    story: f64,
    phases: Vec<(u64, String)>,
    faults: Vec<(u64, String)>,
    loads: Vec<(u64, String)>,
    missed: u64,
}

impl Status {
    /// Of a run whose story takes `total`, where that is known.
    pub fn new(total: Option<Duration>) -> Status {
        Status {
            total,
            stage: Stage::Setup,
            story: 0.0,
            phases: Vec::new(),
            faults: Vec::new(),
            loads: Vec::new(),
            missed: 0,
        }
    }

    /// Takes the next event in.
    pub fn fold(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StageStarted { stage } => {
                self.stage = *stage;
                if *stage == Stage::Story {
                    self.story = event.at;
                }
            }
            EventKind::PhaseStarted(phase) => follow(&mut self.phases, phase.phase, &phase.name),
            EventKind::PhaseEnded(phase) => self.phases.retain(|(id, _)| *id != phase.phase),
            EventKind::FaultApplied(fault) => follow(&mut self.faults, fault.fault, &fault.asked),
            EventKind::FaultUndone(fault) => self.faults.retain(|(id, _)| *id != fault.fault),
            EventKind::LoadStarted { load, text, .. } => follow(&mut self.loads, *load, text),
            EventKind::LoadEnded { load, .. } => self.loads.retain(|(id, _)| id != load),
            EventKind::Judged(judged) => {
                self.missed += u64::from(matches!(judged.verdict, Verdict::Warn | Verdict::Fail));
            }
            EventKind::Acted(acted) => self.missed += u64::from(acted.failed.is_some()),
            EventKind::Command(command) => self.missed += u64::from(command.failed.is_some()),
            _ => {}
        }
    }

    /// The line at a second of the run, no wider than the terminal.
    pub fn line(&self, now: f64, style: Style) -> String {
        let mut parts = vec![self.time(now)];
        parts.push(match (self.stage, self.phases.last()) {
            (Stage::Story, Some((_, name))) => name.clone(),
            (Stage::Story, None) => "story".into(),
            (Stage::Setup, _) => "setup".into(),
            (Stage::Start, _) => "starting".into(),
            (Stage::Stop, _) => "stopping".into(),
            (Stage::Cleanup, _) => "cleanup".into(),
        });
        parts.extend(several(&self.faults, "faults in force"));
        parts.extend(several(&self.loads, "loads"));
        parts.push(format!("{} missed", words::number(self.missed)));
        let bar = if style.unicode { " · " } else { " | " };
        // The last column stays free: a terminal that wraps there would leave the line behind.
        clip(style, &plain(&parts.join(bar)), style.width.saturating_sub(1))
    }

    fn time(&self, now: f64) -> String {
        let whole = |seconds: f64| words::duration(seconds.max(0.0).floor());
        match (self.stage, self.total) {
            // It is the shortest that the story can take; what it waits for may take longer.
            (Stage::Story, Some(total)) if now - self.story <= total.as_secs_f64() => {
                format!("{} of {}", whole(now - self.story), words::duration(total.as_secs_f64()))
            }
            (Stage::Story, _) => whole(now - self.story),
            _ => whole(now),
        }
    }
}

fn follow(list: &mut Vec<(u64, String)>, id: u64, text: &str) {
    if list.len() < MAX_FOLLOWED {
        list.push((id, text.to_owned()));
    }
}

/// One by name, more by number.
fn several(list: &[(u64, String)], what: &str) -> Option<String> {
    match list {
        [] => None,
        [(_, one)] => Some(one.clone()),
        many => Some(format!("{} {what}", many.len())),
    }
}
