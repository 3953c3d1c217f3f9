//! Orders to the machine itself, and the proof of what they did.

use super::{Setup, Shared};
use crate::event::Evidence;
use crate::kinds::disk::reserve::reserve_of;
use crate::kinds::machine::strain::{Burnt, Eaten, Held, Stalled, Strain, StrainError, Strained};
use crate::kinds::undo::{Recorder, RunId};
use crate::lang::call::Call;
use crate::lang::unit::{format_duration, format_share, format_size};
use crate::run::world::{Answer, Effect, State, Ticket};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Processors that are kept busy for this part of the share asked for are as busy as asked.
const BUSY_ENOUGH: f64 = 0.9;
/// And so is memory that is held to this part.
const HELD_ENOUGH: f64 = 0.99;
/// A disk whose small writes take this much longer is one that others wait for.
const LONGER: f64 = 1.5;

/// The machine.
pub(super) struct MachineTarget {
    run: RunId,
    recorder: Arc<dyn Recorder>,
    scratch: PathBuf,
    /// Orders take their turn, in the order in which they were given.
    turn: Mutex<()>,
    held: RefCell<HashMap<&'static str, (Held, Strain)>>,
}

impl MachineTarget {
    pub fn new(setup: &Setup) -> MachineTarget {
        let (run, recorder) = (setup.run.clone(), Arc::clone(&setup.recorder));
        let scratch = setup.scratch.clone();
        MachineTarget { run, recorder, scratch, turn: Mutex::new(()), held: RefCell::default() }
    }

    /// Strains it by one property, or lets that be as it is.
    pub fn set(
        self: &Rc<Self>,
        shared: &Rc<Shared>,
        ticket: Ticket,
        property: &'static str,
        state: Option<State>,
    ) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        tokio::task::spawn_local(async move {
            let _turn = this.turn.lock().await;
            let held = this.held.borrow_mut().remove(property);
            let effect = match held {
                Some((held, strain)) => Some(effect(&strain, held.end().await)),
                None => None,
            };
            let done = match state {
                Some(state) => this.strain(property, &state.call).await,
                None => Ok(()),
            };
            shared.answer(ticket, done.map(|()| Answer::Set(effect)).map_err(|error| error.to_string()));
        });
    }

    async fn strain(&self, property: &'static str, call: &Call) -> Result<(), StrainError> {
        let number = |name| call.arguments.number(name).unwrap_or(0.0).max(0.0);
        let strain = match call.verb {
            "burn" => Strain::Burn { share: number("cpu").min(1.0) },
            "eat" => Strain::Eat { bytes: number("memory") as u64 },
            _ => Strain::Stall {
                folder: self.scratch.clone(),
                reserve: reserve_of(&self.scratch, &[&self.scratch]),
            },
        };
        let held = Held::begin(&strain, (&self.run, &self.recorder)).await?;
        self.held.borrow_mut().insert(property, (held, strain));
        Ok(())
    }
}

/// What came of it, seen at its end.
fn effect(strain: &Strain, found: Result<Strained, StrainError>) -> Effect {
    let (evidence, measured) = match (strain, found) {
        (Strain::Burn { share }, Ok(Strained::Burnt(burnt))) => of_burning(*share, burnt),
        (Strain::Eat { bytes }, Ok(Strained::Eaten(eaten))) => of_eating(*bytes, eaten),
        (_, Ok(Strained::Stalled(stalled))) => of_stalling(stalled),
        (_, Ok(_)) => (Evidence::None, StrainError::Ended.to_string()),
        (_, Err(error)) => (Evidence::None, error.to_string()),
    };
    Effect { measured: Some(measured), evidence }
}

fn of_burning(asked: f64, burnt: Burnt) -> (Evidence, String) {
    let enough = burnt.share.max(burnt.busy) >= asked * BUSY_ENOUGH;
    let measured = format!(
        "used {} of {} cores ({} asked), which were {} busy in all",
        format_share(burnt.share),
        burnt.cores,
        format_share(asked),
        format_share(burnt.busy)
    );
    (if enough { Evidence::Measured } else { Evidence::None }, measured)
}

fn of_eating(asked: u64, eaten: Eaten) -> (Evidence, String) {
    let size = |bytes: u64| format_size(bytes as f64);
    let mut measured = format!("held {} ({} asked)", size(eaten.most), size(asked));
    if eaten.left < eaten.most {
        measured.push_str(&format!(", {} at its end", size(eaten.left)));
    }
    let enough = eaten.most as f64 >= asked as f64 * HELD_ENOUGH;
    if eaten.kept {
        measured.push_str("; the rest is kept for the machine");
    }
    let evidence = match enough || eaten.kept && eaten.most > 0 {
        true => Evidence::Measured,
        // It was over before all was taken.
        false if eaten.most > 0 => Evidence::NotExercised,
        false => Evidence::None,
    };
    (evidence, measured)
}

fn of_stalling(stalled: Stalled) -> (Evidence, String) {
    let before = format_duration(stalled.before);
    let rate = stalled.written as f64 / stalled.time.as_secs_f64().max(1e-3);
    let rate = format!("{}/s written", format_size(rate.round()));
    let Some(during) = stalled.during else {
        return (Evidence::NotExercised, format!("{rate}; over before a write of somebody else was timed"));
    };
    let measured =
        format!("a small synced write took {} instead of {before}, {rate}", format_duration(during));
    let longer = during.as_secs_f64() >= stalled.before.as_secs_f64() * LONGER;
    (if longer { Evidence::Measured } else { Evidence::None }, measured)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_was_not_as_asked_is_no_effect() {
        let burnt = |share, busy| of_burning(0.8, Burnt { share, busy, cores: 2 }).0;
        assert_eq!(burnt(0.79, 0.85), Evidence::Measured);
        assert_eq!(burnt(0.4, 0.95), Evidence::Measured);
        assert_eq!(burnt(0.4, 0.5), Evidence::None);
        let eaten = |most, kept| of_eating(1000, Eaten { most, left: most, kept }).0;
        assert_eq!(eaten(1000, false), Evidence::Measured);
        assert_eq!(eaten(400, true), Evidence::Measured);
        assert_eq!(eaten(400, false), Evidence::NotExercised);
        assert_eq!(eaten(0, true), Evidence::None);
        let before = Duration::from_millis(2);
        let stalled = |during: Option<u64>| {
            let during = during.map(Duration::from_millis);
            of_stalling(Stalled { before, during, written: 1, time: Duration::from_secs(1) }).0
        };
        assert_eq!(stalled(Some(9)), Evidence::Measured);
        assert_eq!(stalled(Some(2)), Evidence::None);
        assert_eq!(stalled(None), Evidence::NotExercised);
    }

    #[test]
    fn what_yielded_says_so() {
        let (_, said) = of_eating(4_000_000, Eaten { most: 3_000_000, left: 1_000_000, kept: true });
        assert_eq!(said, "held 3MB (4MB asked), 1MB at its end; the rest is kept for the machine");
    }
}
