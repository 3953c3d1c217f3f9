//! Faults of a faulty disk: slow, failing, forgetful.

use super::Done;
use crate::event::Evidence;
use crate::kinds::disk::faulty::{Fault, Sort, Tally};
use crate::kinds::disk::folder::Folder;
use crate::lang::unit::{format_duration, format_share, format_size, number};
use crate::run::world::{Effect, State};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Mutex;

/// So many failures have to be expected before none of them means anything.
const SURE: f64 = 5.0;

/// The properties `slow` and `fail` of a disk, each with the fault in force.
pub(super) struct Faults {
    folder: Rc<Folder>,
    /// Orders take their turn, in the order in which they were given.
    turn: Mutex<()>,
    slow: Cell<Option<Fault>>,
    fail: Cell<Option<Fault>>,
}

impl Faults {
    pub fn new(folder: Rc<Folder>) -> Faults {
        Faults { folder, turn: Mutex::new(()), slow: Cell::new(None), fail: Cell::new(None) }
    }

    pub async fn set(&self, property: &'static str, state: Option<State>) -> Done {
        let argument = |name| state.as_ref().map(|state| state.call.arguments.duration(name));
        let share = |state: &State| state.call.arguments.number("share").unwrap_or(0.0).clamp(0.0, 1.0);
        let (sort, held, fault) = match property {
            "slow" => {
                let longer = argument("time").map(Option::unwrap_or_default);
                (Sort::Slow, &self.slow, longer.map(Fault::Slow))
            }
            "fail" => (Sort::Fail, &self.fail, state.as_ref().map(share).map(Fault::Fail)),
            _ => return (None, Err(format!("a disk has no state `{property}`"))),
        };
        let _turn = self.turn.lock().await;
        match self.folder.set_fault(sort, fault).await {
            Ok(tally) => (held.replace(fault).map(|before| effect(before, tally)), Ok(())),
            Err(error) => (None, Err(error.to_string())),
        }
    }

    /// Forgets what is not synced, or some of it; says what.
    pub async fn lose(&self, torn: bool) -> Result<String, String> {
        let lost = self.folder.lose(torn).await.map_err(|error| error.to_string())?;
        let count =
            |files: u64| format!("{} file{}", number(files as f64), if files == 1 { "" } else { "s" });
        if lost.failed > 0 {
            return Err(format!("{} could not be put back to what was synced", count(lost.failed)));
        }
        let mut said = match lost.files {
            0 => "everything was synced".to_string(),
            files => format!("{} of {} forgotten", format_size(lost.bytes as f64), count(files)),
        };
        if torn && lost.files > 0 {
            said.push_str(&format!(", {} stayed", format_size(lost.stayed as f64)));
        }
        if lost.written_back > 0 {
            said.push_str(&format!("; too much waited, so {} counted as written", count(lost.written_back)));
        }
        Ok(said)
    }
}

/// What came of a fault, seen at its end.
fn effect(fault: Fault, tally: Tally) -> Effect {
    let (met, done) = (number(tally.met as f64), number(tally.done as f64));
    if tally.met == 0 {
        return Effect { measured: Some("nothing was read or written".into()), evidence: Evidence::None };
    }
    let (measured, evidence) = match fault {
        Fault::Slow(asked) => {
            let mean = tally.longer / u32::try_from(tally.done.max(1)).unwrap_or(u32::MAX);
            let measured = format!(
                "{done} of {met} reads and writes took {} longer on average ({} asked)",
                format_duration(mean),
                format_duration(asked)
            );
            match tally.done {
                0 => (format!("{met} reads and writes were still waiting"), Evidence::NotExercised),
                _ if mean < asked || asked == Duration::ZERO => (measured, Evidence::None),
                _ => (measured, Evidence::Measured),
            }
        }
        Fault::Fail(share) => {
            let asked = format_share(share);
            let seen = format_share(tally.done as f64 / tally.met as f64);
            let measured = format!("{done} of {met} reads and writes failed: {seen} ({asked} asked)");
            match tally.done {
                0 if tally.met as f64 * share < SURE => (measured, Evidence::NotExercised),
                0 => (measured, Evidence::None),
                _ => (measured, Evidence::Measured),
            }
        }
        Fault::Readonly => (format!("{done} of {met} changes were refused"), Evidence::Measured),
    };
    Effect { measured: Some(measured), evidence }
}
