//! The lives of the processes.

use super::took::Times;
use super::{MAX_ROWS, Process};
use crate::event::EventKind;
use indexmap::IndexMap;

/// All processes of a run.
#[derive(Clone, Debug, Default)]
pub struct Processes {
    lives: IndexMap<String, Life>,
}

#[derive(Clone, Debug, Default)]
struct Life {
    starts: u64,
    exits: u64,
    unexpected: u64,
    ready: Times,
    last_unexpected: Option<String>,
}

impl Processes {
    /// Takes in what an event tells of a process.
    pub fn fold(&mut self, kind: &EventKind) {
        match kind {
            EventKind::ProcessStarted { target, .. } => {
                if let Some(life) = self.life(target) {
                    life.starts += 1;
                }
            }
            EventKind::ProcessReady { target, took } => {
                if let Some(life) = self.life(target) {
                    life.ready.add(*took);
                }
            }
            EventKind::ProcessExited { target, code, signal, expected } => {
                if let Some(life) = self.life(target) {
                    life.exits += 1;
                    if !expected {
                        life.unexpected += 1;
                        life.last_unexpected = Some(super::words::exit(*code, *signal));
                    }
                }
            }
            _ => {}
        }
    }

    /// All processes.
    pub fn told(&self) -> Vec<Process> {
        let process = |(target, life): (&String, &Life)| Process {
            target: target.clone(),
            starts: life.starts,
            exits: life.exits,
            unexpected: life.unexpected,
            ready: life.ready.told(),
            last_unexpected: life.last_unexpected.clone(),
        };
        self.lives.iter().map(process).collect()
    }

    fn life(&mut self, target: &str) -> Option<&mut Life> {
        if self.lives.len() >= MAX_ROWS && !self.lives.contains_key(target) {
            return None;
        }
        Some(self.lives.entry(target.to_owned()).or_default())
    }
}
