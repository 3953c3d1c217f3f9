//! Acts and commands of the story, by statement. One that fails counts as a missed `expect`; in the cleanup, where
//! nothing can be lost any more, it is a warning.

use super::{
    ActGroup, CommandGroup, Expectation, Ground, MAX_ROWS, Missed,
    verdict::{self, EXPECT, WANT},
};
use crate::event::{Acted, Command, Stage, Verdict};
use indexmap::IndexMap;

/// All acts and commands of a run.
#[derive(Clone, Debug, Default)]
pub struct Acts {
    acts: IndexMap<(String, String, u32), Statement<ActGroup>>,
    commands: IndexMap<(String, u32), Statement<CommandGroup>>,
    /// Those that found no row.
    pub homeless: u64,
    homeless_verdict: Option<Verdict>,
}

/// One statement: what is told of it, and its failures as a missed expectation.
#[derive(Clone, Debug)]
struct Statement<Group> {
    group: Group,
    severity: &'static str,
    first_failure: Option<f64>,
}

fn severity(stage: Stage) -> &'static str {
    if stage == Stage::Cleanup { WANT } else { EXPECT }
}

impl Acts {
    /// Something was done once. Gives the failure as a missed expectation.
    pub fn act(&mut self, at: f64, stage: Stage, acted: &Acted) -> Option<Missed> {
        let key = (acted.target.clone(), acted.verb.clone(), acted.line);
        if self.acts.len() >= MAX_ROWS && !self.acts.contains_key(&key) {
            self.without_row(stage, acted.failed.is_some());
        } else {
            let statement = self.acts.entry(key).or_insert_with(|| Statement {
                group: ActGroup {
                    target: acted.target.clone(),
                    verb: acted.verb.clone(),
                    line: acted.line,
                    times: 0,
                    failed: 0,
                    measured: None,
                    first_failure: None,
                },
                severity: severity(stage),
                first_failure: None,
            });
            statement.group.times += 1;
            if acted.measured.is_some() {
                statement.group.measured.clone_from(&acted.measured);
            }
            if acted.failed.is_some() {
                statement.group.failed += 1;
                statement.first_failure.get_or_insert(at);
                statement.group.first_failure =
                    statement.group.first_failure.take().or_else(|| acted.failed.clone());
            }
        }
        acted.failed.as_ref().map(|why| missed(&acted.asked, acted.line, severity(stage), at, why))
    }

    /// A command ended. Gives the failure as a missed expectation.
    pub fn command(&mut self, at: f64, stage: Stage, command: &Command) -> Option<Missed> {
        if command.was_cut() {
            return None;
        }
        let key = (command.command.clone(), command.line);
        if self.commands.len() >= MAX_ROWS && !self.commands.contains_key(&key) {
            self.without_row(stage, command.failed.is_some());
        } else {
            let statement = self.commands.entry(key).or_insert_with(|| Statement {
                group: CommandGroup {
                    command: command.command.clone(),
                    line: command.line,
                    times: 0,
                    failed: 0,
                    longest: 0.0,
                    first_failure: None,
                },
                severity: severity(stage),
                first_failure: None,
            });
            statement.group.times += 1;
            statement.group.longest = statement.group.longest.max(command.took);
            if command.failed.is_some() {
                statement.group.failed += 1;
                statement.first_failure.get_or_insert(at);
                statement.group.first_failure =
                    statement.group.first_failure.take().or_else(|| command.failed.clone());
            }
        }
        let name = format!("run {}", command.command);
        command.failed.as_ref().map(|why| missed(&name, command.line, severity(stage), at, why))
    }

    fn without_row(&mut self, stage: Stage, failed: bool) {
        self.homeless += 1;
        if failed {
            let weight = verdict::weight(severity(stage), Verdict::Fail);
            self.homeless_verdict = self.homeless_verdict.max(Some(weight));
        }
    }

    /// What the failures come to.
    pub fn verdict(&self) -> Verdict {
        let told = self.failures().into_iter().map(|row| row.verdict);
        told.chain(self.homeless_verdict).max().unwrap_or(Verdict::Pass)
    }

    /// What failed, as rows beside those of the file's expectations.
    pub fn failures(&self) -> Vec<Expectation> {
        let acts = self.acts.values().filter_map(|Statement { group, severity, first_failure }| {
            let name = format!("{} {}", group.target, group.verb);
            let why = group.first_failure.as_deref()?;
            Some(row(name, group.line, severity, (group.times, group.failed), why, *first_failure))
        });
        let commands = self.commands.values().filter_map(|Statement { group, severity, first_failure }| {
            let name = format!("run {}", group.command);
            let why = group.first_failure.as_deref()?;
            Some(row(name, group.line, severity, (group.times, group.failed), why, *first_failure))
        });
        acts.chain(commands).collect()
    }

    /// All acts.
    pub fn acts(&self) -> Vec<ActGroup> {
        self.acts.values().map(|statement| statement.group.clone()).collect()
    }

    /// All commands.
    pub fn commands(&self) -> Vec<CommandGroup> {
        self.commands.values().map(|statement| statement.group.clone()).collect()
    }
}

fn missed(name: &str, line: u32, severity: &str, at: f64, why: &str) -> Missed {
    Missed {
        name: name.to_owned(),
        line,
        severity: severity.to_owned(),
        text: "succeeds".into(),
        at,
        target: None,
        actual: None,
        reason: Some(why.to_owned()),
        place: Vec::new(),
        faults: Vec::new(),
        shown: Vec::new(),
    }
}

fn row(
    name: String,
    line: u32,
    severity: &str,
    (times, failed): (u64, u64),
    why: &str,
    at: Option<f64>,
) -> Expectation {
    let reason = Some(why.to_owned());
    Expectation {
        name,
        line,
        severity: severity.to_owned(),
        verdict: verdict::weight(severity, Verdict::Fail),
        text: "succeeds".into(),
        target: None,
        actual: None,
        judged: times,
        met: times - failed,
        missed: failed,
        inconclusive: 0,
        worst: None,
        took: None,
        evidence: Some(Ground { decided: at, reason, place: Vec::new(), faults: Vec::new() }),
    }
}
