//! Stopping a whole tree, so that nobody of it who is forked meanwhile goes on.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use nix::sys::signal::Signal;

use super::constraint::Constraints;
use super::error::ProcessError;
use super::options::Surroundings;
use crate::kinds::undo::{Applied, Delivery, Member, PausedTree, Tree, Undo};

/// Looks for processes forked while their siblings were being stopped; each finds fewer.
const PAUSE_LOOKS: u32 = 8;

/// Stops a tree; the journal knows before the first process is. `living` finds who lives of it.
pub(super) fn pause(
    name: &str,
    tree: &Tree,
    constraints: &Constraints,
    around: &Surroundings,
    mut living: impl FnMut() -> Vec<Member>,
) -> Result<Applied, ProcessError> {
    let undo = Undo::Paused(PausedTree { name: name.to_owned(), tree: tree.clone() });
    let applied = Applied::record(&around.recorder, undo)?;
    // Whoever throttles it must not continue it from now on.
    let keep = Arc::clone(&constraints.paused);
    let mut keep = keep.lock().unwrap_or_else(PoisonError::into_inner);
    *keep = true;
    let mut stopped = BTreeSet::new();
    for _ in 0..PAUSE_LOOKS {
        let fresh: Vec<Member> = living().into_iter().filter(|one| !stopped.contains(one)).collect();
        if fresh.is_empty() {
            break;
        }
        for member in fresh {
            if member.signal(Signal::SIGSTOP) == Delivery::NotPermitted {
                *keep = false;
                return Err(ProcessError::NotPermitted { name: name.to_owned() });
            }
            stopped.insert(member);
        }
    }
    Ok(applied)
}

/// Lets it go on.
pub(super) fn resume(paused: Applied, constraints: &Constraints) -> Result<(), ProcessError> {
    *constraints.paused.lock().unwrap_or_else(PoisonError::into_inner) = false;
    paused.undo()?;
    Ok(())
}
