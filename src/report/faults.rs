//! Faults: the first ones one by one, all of them by statement, and whether they had an effect.

use super::{Fault, FaultGroup, MAX_OPEN, MAX_ROWS, MAX_TOLD};
use crate::event::{Evidence, FaultApplied, FaultUndone};
use indexmap::IndexMap;
use std::collections::HashMap;

/// All faults of a run.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    told: Vec<Fault>,
    pub omitted: u64,
    /// Faults asked for that had no effect.
    pub without_effect: u64,
    groups: IndexMap<(String, String, u32), FaultGroup>,
    in_force: HashMap<u64, InForce>,
}

#[derive(Clone, Debug)]
struct InForce {
    told: Option<usize>,
    group: Option<usize>,
    applied: f64,
    phase: Option<u64>,
}

impl Faults {
    /// A fault is in force, in a phase.
    pub fn apply(&mut self, applied: &FaultApplied, phase: Option<u64>) {
        let group = self.group(applied);
        if let Some(group) = group.map(|index| &mut self.groups[index]) {
            group.times += 1;
            group.worst_lateness = group.worst_lateness.max(applied.applied - applied.due);
        }
        let told = (self.told.len() < MAX_TOLD).then_some(self.told.len());
        if told.is_some() {
            self.told.push(Fault {
                target: applied.target.clone(),
                verb: applied.verb.clone(),
                line: applied.line,
                due: applied.due,
                applied: applied.applied,
                undone: None,
                asked: applied.asked.clone(),
                measured: None,
                evidence: None,
            });
        } else {
            self.omitted += 1;
        }
        if self.in_force.len() < MAX_OPEN {
            let fault = InForce { told, group, applied: applied.applied, phase };
            self.in_force.insert(applied.fault, fault);
        }
    }

    /// A fault is gone. Gives the phase it was applied in where it had no effect.
    pub fn undo(&mut self, undone: &FaultUndone) -> Option<Option<u64>> {
        let fault = self.in_force.remove(&undone.fault);
        if let Some(fault) = &fault {
            if let Some(told) = fault.told.map(|index| &mut self.told[index]) {
                told.undone = Some(undone.undone);
                told.measured.clone_from(&undone.measured);
                told.evidence = Some(undone.evidence);
            }
            if let Some(group) = fault.group.map(|index| &mut self.groups[index]) {
                group.undone += 1;
                group.in_force += undone.undone - fault.applied;
                match undone.evidence {
                    Evidence::Measured => group.measured += 1,
                    Evidence::None => group.without_effect += 1,
                    Evidence::NotExercised => group.not_exercised += 1,
                }
            }
        }
        let idle = undone.evidence == Evidence::None;
        self.without_effect += u64::from(idle);
        idle.then(|| fault.and_then(|fault| fault.phase))
    }

    /// The faults that are told one by one.
    pub fn told(&self) -> &[Fault] {
        &self.told
    }

    /// All faults, by statement.
    pub fn groups(&self) -> Vec<FaultGroup> {
        self.groups.values().cloned().collect()
    }

    fn group(&mut self, applied: &FaultApplied) -> Option<usize> {
        let key = (applied.target.clone(), applied.verb.clone(), applied.line);
        if self.groups.len() >= MAX_ROWS && !self.groups.contains_key(&key) {
            return None;
        }
        let entry = self.groups.entry(key);
        let index = entry.index();
        entry.or_insert_with(|| FaultGroup {
            target: applied.target.clone(),
            verb: applied.verb.clone(),
            line: applied.line,
            times: 0,
            undone: 0,
            in_force: 0.0,
            worst_lateness: 0.0,
            measured: 0,
            without_effect: 0,
            not_exercised: 0,
        });
        Some(index)
    }
}
