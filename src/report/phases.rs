//! Phases: the first passes one by one, all of them by phase, and what was judged in them.

use super::{MAX_OPEN, MAX_ROWS, MAX_TOLD, Phase, PhaseGroup};
use crate::event::{PhaseEnded, PhaseStarted, Verdict};
use indexmap::IndexMap;
use std::collections::HashMap;

/// All phases of a run.
#[derive(Clone, Debug, Default)]
pub struct Phases {
    told: Vec<Phase>,
    pub omitted: u64,
    groups: IndexMap<(String, u32), PhaseGroup>,
    /// Those that are open, and those that are told: a judgement may come after its phase has ended.
    known: HashMap<u64, Known>,
    /// The open ones in the order they began.
    open: Vec<u64>,
}

#[derive(Clone, Debug)]
struct Known {
    name: String,
    parent: Option<u64>,
    start: f64,
    told: Option<usize>,
    group: Option<usize>,
}

impl Phases {
    /// A phase began.
    pub fn start(&mut self, at: f64, started: &PhaseStarted) {
        let group = self.group(started);
        let told = (self.told.len() < MAX_TOLD).then_some(self.told.len());
        let within = self.names_around(started.parent);
        if told.is_some() {
            self.told.push(Phase {
                name: started.name.clone(),
                pass: started.pass,
                start: at,
                end: None,
                verdict: None,
                line: started.line,
                due: started.due,
                cut: false,
                within,
            });
        } else {
            self.omitted += 1;
        }
        if let Some(group) = group.map(|index| &mut self.groups[index]) {
            group.passes += 1;
            group.worst_lateness = group.worst_lateness.max(at - started.due);
        }
        if self.open.len() < MAX_OPEN {
            self.open.push(started.phase);
            let known = Known { name: started.name.clone(), parent: started.parent, start: at, told, group };
            self.known.insert(started.phase, known);
        }
    }

    /// A phase ended.
    pub fn end(&mut self, at: f64, ended: &PhaseEnded) {
        self.open.retain(|phase| *phase != ended.phase);
        let Some(known) = self.known.get(&ended.phase) else { return };
        if let Some(phase) = known.told.map(|index| &mut self.told[index]) {
            phase.end = Some(at);
            phase.cut = ended.cut;
        }
        if let Some(group) = known.group.map(|index| &mut self.groups[index]) {
            group.time += at - known.start;
            group.cut += u64::from(ended.cut);
        }
        if known.told.is_none() {
            self.known.remove(&ended.phase);
        }
    }

    /// Something in a phase came to a verdict; it counts for the phases around it too.
    pub fn judge(&mut self, phase: Option<u64>, verdict: Verdict) {
        let mut next = phase;
        // A phase is around another only if it began earlier, so this ends; a forged record cannot make it run on.
        for _ in 0..MAX_OPEN {
            let Some(known) = next.and_then(|phase| self.known.get(&phase)) else { return };
            let verdict = Some(verdict);
            if let Some(phase) = known.told.map(|index| &mut self.told[index]) {
                phase.verdict = phase.verdict.max(verdict);
            }
            if let Some(group) = known.group.map(|index| &mut self.groups[index]) {
                group.verdict = group.verdict.max(verdict);
            }
            next = known.parent;
        }
    }

    /// The open phase that began last.
    pub fn innermost(&self) -> Option<u64> {
        self.open.last().copied()
    }

    /// The passes that are told one by one.
    pub fn told(&self) -> &[Phase] {
        &self.told
    }

    /// All passes, by phase.
    pub fn groups(&self) -> Vec<PhaseGroup> {
        self.groups.values().cloned().collect()
    }

    fn group(&mut self, started: &PhaseStarted) -> Option<usize> {
        let key = (started.name.clone(), started.line);
        if self.groups.len() >= MAX_ROWS && !self.groups.contains_key(&key) {
            return None;
        }
        let entry = self.groups.entry(key);
        let index = entry.index();
        entry.or_insert_with(|| PhaseGroup {
            name: started.name.clone(),
            line: started.line,
            passes: 0,
            cut: 0,
            time: 0.0,
            worst_lateness: 0.0,
            verdict: None,
        });
        Some(index)
    }

    fn names_around(&self, parent: Option<u64>) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = parent;
        while let Some(known) = next.and_then(|phase| self.known.get(&phase)) {
            names.push(known.name.clone());
            next = known.parent.filter(|_| names.len() < 100);
        }
        names.reverse();
        names
    }
}
