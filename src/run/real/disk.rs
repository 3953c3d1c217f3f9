//! Orders to disks, and the proof of what they did.

use super::{Setup, Shared};
use crate::event::Evidence;
use crate::kinds::disk::ballast::{Ballast, BallastError, Owner, Stopped, Wanted};
use crate::kinds::disk::folder::Folder;
use crate::kinds::disk::reserve::reserve_of;
use crate::kinds::disk::space::Space;
use crate::lang::unit::{format_share, format_size};
use crate::run::world::{Answer, Effect, State, Ticket};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;

/// What a disk may lack of the share that was asked for, and still be as full as that.
const CLOSE: f64 = 0.01;

/// A declared disk.
pub(super) struct DiskTarget {
    folder: Rc<Folder>,
    owner: Owner,
    reserve: u64,
    /// Orders take their turn, in the order in which they were given.
    turn: Mutex<()>,
    held: RefCell<Option<Full>>,
    /// Tells the filling that goes on that it is no longer wanted.
    ended: RefCell<Arc<AtomicBool>>,
}

/// A disk that is kept full.
struct Full {
    ballast: Ballast,
    share: f64,
}

impl DiskTarget {
    pub fn new(setup: &Setup, folder: Folder) -> DiskTarget {
        let reserve = reserve_of(folder.root(), &[&setup.output, &setup.scratch]);
        let owner = Owner { run: setup.run.clone(), recorder: Arc::clone(&setup.recorder) };
        let (turn, held) = (Mutex::new(()), RefCell::new(None));
        DiskTarget { folder: Rc::new(folder), owner, reserve, turn, held, ended: RefCell::default() }
    }

    pub fn folder(&self) -> &Rc<Folder> {
        &self.folder
    }

    /// Fills it, or lets it be as full as it is.
    pub fn set(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, property: &str, state: Option<State>) {
        if property != "fill" {
            return shared.answer(ticket, Err(format!("a disk has no state `{property}`")));
        }
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        let ended = Arc::<AtomicBool>::default();
        this.ended.replace(Arc::clone(&ended)).store(true, Ordering::Relaxed);
        tokio::task::spawn_local(async move {
            let _turn = this.turn.lock().await;
            let held = this.held.take();
            let effect = match held {
                Some(full) => {
                    let effect = effect(&full);
                    this.folder.let_go(full.ballast).await;
                    Some(effect)
                }
                None => None,
            };
            let done = match state {
                Some(state) => this.fill(&state, ended).await,
                None => Ok(()),
            };
            shared.answer(ticket, done.map(|()| Answer::Set(effect)).map_err(|error| error.to_string()));
        });
    }

    async fn fill(&self, state: &State, ended: Arc<AtomicBool>) -> Result<(), BallastError> {
        let share = state.call.arguments.number("share").unwrap_or(0.0).clamp(0.0, 1.0);
        let wanted = Wanted { share, reserve: self.reserve };
        let ballast = self.folder.fill(wanted, self.owner.clone(), ended).await?;
        *self.held.borrow_mut() = Some(Full { ballast, share });
        Ok(())
    }
}

/// What came of a filled disk, seen at its end.
fn effect(full: &Full) -> Effect {
    let Full { ballast, share } = full;
    let (after, asked) = (ballast.after, Space::free_at(ballast.before, *share));
    if ballast.bytes == 0 && ballast.stopped == Stopped::Reached {
        let measured =
            format!("was {} full already, nothing was written", format_share(ballast.before.share()));
        return Effect { measured: Some(measured), evidence: Evidence::None };
    }
    let mut measured = format!(
        "{} of ballast: {} used, {} free ({} asked)",
        format_size(ballast.bytes as f64),
        format_share(after.share()),
        format_size(after.free as f64),
        format_size(asked as f64)
    );
    let end = ballast.space().unwrap_or(after);
    if (end.share() - after.share()).abs() > CLOSE {
        measured.push_str(&format!(", {} used at its end", format_share(end.share())));
    }
    let full_enough = after.share() + CLOSE >= *share;
    let evidence = match ballast.stopped {
        _ if full_enough && ballast.bytes > 0 => Evidence::Measured,
        Stopped::Reserve if ballast.bytes > 0 => Evidence::Measured,
        Stopped::Ended => Evidence::NotExercised,
        _ => Evidence::None,
    };
    match ballast.stopped {
        Stopped::Reserve => measured.push_str("; the rest is kept for soak and the machine"),
        Stopped::Refused if !full_enough => measured.push_str("; the file system gave no more"),
        _ => {}
    }
    Effect { measured: Some(measured), evidence }
}
