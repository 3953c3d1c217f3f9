//! Orders to disks, and the proof of what they did. Each property is a file of its own.

mod faults;
mod fill;
mod readonly;

use super::{Setup, Shared};
use crate::kinds::disk::folder::Folder;
use crate::lang::call::Call;
use crate::run::world::{Answer, Effect, State, Ticket};
use faults::Faults;
use fill::Fill;
use readonly::Readonly;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A declared disk.
pub(super) struct DiskTarget {
    folder: Rc<Folder>,
    fill: Fill,
    readonly: Readonly,
    faults: Faults,
}

/// What came of a property's new state: the effect of the one before it, and whether the new one is in force.
type Done = (Option<Effect>, Result<(), String>);

impl DiskTarget {
    pub fn new(setup: &Setup, folder: Folder) -> DiskTarget {
        let folder = Rc::new(folder);
        let fill = Fill::new(setup, Rc::clone(&folder));
        let readonly = Readonly::new(Rc::clone(&folder));
        let faults = Faults::new(Rc::clone(&folder));
        DiskTarget { folder, fill, readonly, faults }
    }

    pub fn folder(&self) -> &Rc<Folder> {
        &self.folder
    }

    /// Waits until what is being undone is no more.
    pub async fn settled(&self) {
        self.fill.settled().await;
        self.folder.settled().await;
    }

    /// Puts a property into a state, or back to what it was.
    pub fn set(
        self: &Rc<Self>,
        shared: &Rc<Shared>,
        ticket: Ticket,
        property: &'static str,
        state: Option<State>,
    ) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        let ended = Arc::<AtomicBool>::default();
        if property == "fill" {
            // At once: the one that goes on is not waited for.
            self.fill.end_what_goes_on(&ended, state.is_none());
        }
        tokio::task::spawn_local(async move {
            let (before, done) = match property {
                "fill" => this.fill.set(state, ended).await,
                "readonly" => {
                    // What was written or made to fill it goes first, and what is being written for it comes to its end.
                    this.fill.settled().await;
                    this.readonly.set(state).await
                }
                _ => this.faults.set(property, state).await,
            };
            shared.answer(ticket, done.map(|()| Answer::Set(before)));
        });
    }

    /// Does something once: a disk has `lose` only.
    pub fn act(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, call: &Call) {
        if call.verb != "lose" {
            return shared.answer(ticket, Err(format!("a disk cannot `{}`", call.verb)));
        }
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        let torn = call.arguments.has("torn");
        tokio::task::spawn_local(async move {
            let done = this.faults.lose(torn).await;
            shared.answer(ticket, done.map(Answer::Did));
        });
    }
}
