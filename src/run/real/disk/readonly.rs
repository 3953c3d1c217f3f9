//! Disks that cannot be written to, and soak's own try of it.

use super::Done;
use crate::event::Evidence;
use crate::kinds::disk::folder::Folder;
use crate::kinds::disk::readonly::{ReadOnly, Seen};
use crate::run::world::{Effect, State};
use std::cell::RefCell;
use std::rc::Rc;
use tokio::sync::Mutex;

/// The property `readonly` of a disk.
pub(super) struct Readonly {
    folder: Rc<Folder>,
    /// Orders take their turn, in the order in which they were given.
    turn: Mutex<()>,
    held: RefCell<Option<ReadOnly>>,
}

impl Readonly {
    pub fn new(folder: Rc<Folder>) -> Readonly {
        Readonly { folder, turn: Mutex::new(()), held: RefCell::default() }
    }

    pub async fn set(&self, state: Option<State>) -> Done {
        let _turn = self.turn.lock().await;
        let held = self.held.take();
        match (held, state) {
            (None, None) => (None, Ok(())),
            (None, Some(_)) => {
                let done = self.folder.protect().await.map(|held| {
                    *self.held.borrow_mut() = Some(held);
                });
                (None, done.map_err(|error| format!("it cannot be made read-only: {error}")))
            }
            // In between nothing could be written either.
            (Some(held), Some(_)) => {
                let seen =
                    self.folder.refuses().await.map(|at_last| Seen { at_first: held.refused, at_last });
                let open_stayed_so = held.covers();
                *self.held.borrow_mut() = Some(held);
                (seen.ok().map(|seen| effect(seen, open_stayed_so)), Ok(()))
            }
            (Some(held), None) => {
                let open_stayed_so = held.covers();
                match self.folder.unprotect(held).await {
                    Ok(seen) => (Some(effect(seen, open_stayed_so)), Ok(())),
                    Err(error) => (None, Err(format!("it cannot be made writable again: {error}"))),
                }
            }
        }
    }
}

fn effect(seen: Seen, open_stayed_so: bool) -> Effect {
    let mut measured = match (seen.at_first, seen.at_last) {
        (true, true) => "soak's own writes were refused (EROFS) from its beginning to its end",
        (true, false) => "soak's own write was refused (EROFS) at the beginning only",
        (false, _) => "soak's own write was not refused",
    }
    .to_string();
    if open_stayed_so {
        measured.push_str("; files that were open for writing stayed so");
    }
    let evidence = if seen.at_first && seen.at_last { Evidence::Measured } else { Evidence::None };
    Effect { measured: Some(measured), evidence }
}
