//! A run's events, folded into what its report tells. Bounded: it does not grow with the length of the run.

use super::acts::Acts;
use super::expectations::Expectations;
use super::faults::Faults;
use super::loads::Loads;
use super::phases::Phases;
use super::processes::Processes;
use super::{Interruption, MAX_TOLD, Missed, Note, Omitted, Report, verdict};
use crate::event::{Event, EventKind, RunEnded, RunStarted, Stage, VERSION, Verdict};

/// How many signals are told.
const MAX_INTERRUPTIONS: usize = 10;
/// What is said of a run whose record has no end.
const NO_END: &str = "the record ends before the run did";

/// What is known of a run so far.
#[derive(Clone, Debug)]
pub struct Summary {
    started: Option<RunStarted>,
    ended: Option<RunEnded>,
    stage: Stage,
    last: f64,
    expectations: Expectations,
    phases: Phases,
    faults: Faults,
    acts: Acts,
    loads: Loads,
    processes: Processes,
    failures: Vec<Missed>,
    notes: Few,
    notices: Few,
    interruptions: Vec<Interruption>,
    failed_acts: u64,
    unreadable: u64,
}

/// The first lines, and how many more there were.
#[derive(Clone, Debug, Default)]
struct Few {
    told: Vec<Note>,
    omitted: u64,
}

impl Few {
    fn add(&mut self, at: f64, line: Option<u32>, text: &str) {
        if self.told.len() < MAX_TOLD {
            self.told.push(Note { at, line, text: text.to_owned() });
        } else {
            self.omitted += 1;
        }
    }
}

impl Default for Summary {
    fn default() -> Summary {
        Summary {
            started: None,
            ended: None,
            stage: Stage::Setup,
            last: 0.0,
            expectations: Expectations::default(),
            phases: Phases::default(),
            faults: Faults::default(),
            acts: Acts::default(),
            loads: Loads::default(),
            processes: Processes::default(),
            failures: Vec::new(),
            notes: Few::default(),
            notices: Few::default(),
            interruptions: Vec::new(),
            failed_acts: 0,
            unreadable: 0,
        }
    }
}

impl Summary {
    /// Nothing is known yet.
    pub fn new() -> Summary {
        Summary::default()
    }

    /// Takes the next event in.
    pub fn fold(&mut self, event: &Event) {
        let at = event.at;
        self.last = self.last.max(at);
        match &event.kind {
            EventKind::RunStarted(started) => {
                self.expectations.plan(&started.expectations);
                self.started = Some(RunStarted { expectations: Vec::new(), ..started.clone() });
            }
            EventKind::RunEnded(ended) => self.ended = Some(ended.clone()),
            EventKind::StageStarted { stage } => self.stage = *stage,
            EventKind::PhaseStarted(started) => self.phases.start(at, started),
            EventKind::PhaseEnded(ended) => self.phases.end(at, ended),
            EventKind::PassStarted { .. } | EventKind::LoadEnded { .. } => {}
            // Of a rehearsal there is no report.
            EventKind::Step { .. }
            | EventKind::Expected(_)
            | EventKind::LoadRate(_)
            | EventKind::Rehearsed(_) => {}
            EventKind::FaultApplied(applied) => self.faults.apply(applied, self.phases.innermost()),
            EventKind::FaultUndone(undone) => {
                if let Some(phase) = self.faults.undo(undone) {
                    self.phases.judge(phase, Verdict::Inconclusive);
                }
            }
            EventKind::Acted(acted) => {
                let missed = self.acts.act(at, self.stage, acted);
                self.fail(missed);
            }
            EventKind::Command(command) => {
                let missed = self.acts.command(at, self.stage, command);
                self.fail(missed);
            }
            EventKind::LoadStarted { name, .. } => self.loads.start(name),
            EventKind::LoadSummary(summary) => self.loads.sum(summary),
            EventKind::LedgerSummary(summary) => self.loads.account(summary),
            EventKind::ProcessStarted { .. }
            | EventKind::ProcessReady { .. }
            | EventKind::ProcessExited { .. } => self.processes.fold(&event.kind),
            EventKind::Judged(judged) => {
                self.expectations.judge(judged);
                self.phases.judge(judged.phase, verdict::weight(&judged.demand, judged.verdict));
            }
            EventKind::Shown { line, rows } => self.expectations.show(*line, rows),
            EventKind::Noticed { line, text } => self.notices.add(at, *line, text),
            EventKind::Note { line, text } => self.notes.add(at, Some(*line), text),
            EventKind::Interrupted { signal } => {
                if self.interruptions.len() < MAX_INTERRUPTIONS {
                    self.interruptions.push(Interruption { at, signal: signal.clone() });
                }
            }
        }
    }

    /// Says that the record it was folded from lacks lines.
    pub fn lacks(&mut self, unreadable: u64) {
        self.unreadable += unreadable;
    }

    /// An act or a command failed.
    fn fail(&mut self, missed: Option<Missed>) {
        let Some(missed) = missed else { return };
        self.failed_acts += 1;
        self.phases.judge(self.phases.innermost(), verdict::weight(&missed.severity, Verdict::Fail));
        if self.failures.len() < MAX_TOLD {
            self.failures.push(missed);
        }
    }

    /// Whether the run has begun, as far as its events tell.
    pub fn has_started(&self) -> bool {
        self.started.is_some()
    }

    /// How many judgements, acts and commands were missed so far.
    pub fn missed(&self) -> u64 {
        self.expectations.missed_in_all + self.failed_acts
    }

    /// What the run comes to: the worst of its expectations, its acts, its faults, how it ended, and what the run
    /// itself said at its end.
    pub fn verdict(&self) -> Verdict {
        let effect = if self.faults.without_effect > 0 { Verdict::Inconclusive } else { Verdict::Pass };
        let whole = self.ended.is_some() && self.interruptions.is_empty() && self.unreadable == 0;
        let end = if whole { Verdict::Pass } else { Verdict::Inconclusive };
        let said = self.ended.as_ref().map_or(Verdict::Pass, |ended| ended.verdict);
        [self.expectations.verdict(), self.acts.verdict(), effect, end, said]
            .into_iter()
            .max()
            .unwrap_or(Verdict::Pass)
    }

    /// The report.
    pub fn report(&self) -> Report {
        let started = self.started.as_ref();
        let text = |of: fn(&RunStarted) -> &String| started.map(of).cloned().unwrap_or_default();
        let mut expectations = self.expectations.told();
        expectations.extend(self.acts.failures());
        let mut missed: Vec<Missed> =
            self.expectations.missed().iter().chain(&self.failures).cloned().collect();
        missed.sort_by(|left, right| left.at.total_cmp(&right.at));
        let reason = match &self.ended {
            Some(ended) => ended.reason.clone(),
            None => Some(NO_END.to_owned()),
        };
        Report {
            version: VERSION,
            scenario: text(|started| &started.scenario),
            file: text(|started| &started.file),
            seed: started.map_or(0, |started| started.seed),
            started: text(|started| &started.started),
            duration: self.last,
            verdict: self.verdict(),
            expectations,
            loads: self.loads.loads(),
            faults: self.faults.told().to_vec(),
            phases: self.phases.told().to_vec(),
            ledgers: self.loads.ledgers(),
            notes: self.notes.told.clone(),
            soak: text(|started| &started.soak),
            story: self.ended.as_ref().map(|ended| ended.story),
            reason,
            params: started.map(|started| started.params.iter().cloned().collect()).unwrap_or_default(),
            recoveries: self.expectations.recoveries(),
            fault_groups: self.faults.groups(),
            phase_groups: self.phases.groups(),
            acts: self.acts.acts(),
            commands: self.acts.commands(),
            processes: self.processes.told(),
            notices: self.notices.told.clone(),
            interruptions: self.interruptions.clone(),
            omitted: self.omitted(missed.len() as u64),
            missed,
        }
    }

    fn omitted(&self, missed_told: u64) -> Omitted {
        Omitted {
            phases: self.phases.omitted,
            faults: self.faults.omitted,
            notes: self.notes.omitted,
            notices: self.notices.omitted,
            missed: self.missed() - missed_told,
            rows: self.expectations.homeless + self.acts.homeless + self.loads.homeless,
            unreadable: self.unreadable,
        }
    }
}
