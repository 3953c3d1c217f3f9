//! Full disks: of space, of files, or of both.

use super::{Done, Setup};
use crate::event::Evidence;
use crate::kinds::disk::ballast::{Ballast, BallastError, Owner, Stopped, Wanted};
use crate::kinds::disk::folder::Folder;
use crate::kinds::disk::inodes::{Crowd, Inodes};
use crate::kinds::disk::reserve::reserve_of;
use crate::kinds::disk::space::Space;
use crate::lang::unit::{format_share, format_size, number};
use crate::run::world::{Effect, State};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;

/// What a disk may lack of the share that was asked for, and still be as full as that.
const CLOSE: f64 = 0.01;

/// The property `fill` of a disk.
pub(super) struct Fill {
    folder: Rc<Folder>,
    owner: Owner,
    reserve: u64,
    /// Orders take their turn, in the order in which they were given.
    turn: Mutex<()>,
    held: RefCell<Full>,
    /// Tells the filling that goes on that it is no longer wanted.
    ended: RefCell<Arc<AtomicBool>>,
    /// How many orders to be as full as it is are not carried out yet.
    emptying: Cell<u32>,
}

/// What a disk is kept full with.
#[derive(Default)]
struct Full {
    space: Option<(Ballast, f64)>,
    files: Option<(Crowd, f64)>,
}

impl Fill {
    pub fn new(setup: &Setup, folder: Rc<Folder>) -> Fill {
        let reserve = reserve_of(&folder.below(), &[&setup.output, &setup.scratch]);
        let owner = Owner { run: setup.run.clone(), recorder: Arc::clone(&setup.recorder) };
        let (turn, held) = (Mutex::new(()), RefCell::default());
        Fill { folder, owner, reserve, turn, held, ended: RefCell::default(), emptying: Cell::new(0) }
    }

    /// Tells the filling that goes on to end; from now on the other flag tells that of the next one. `empties` where that
    /// fills nothing.
    pub fn end_what_goes_on(&self, next: &Arc<AtomicBool>, empties: bool) {
        self.emptying.set(self.emptying.get() + u32::from(empties));
        self.ended.replace(Arc::clone(next)).store(true, Ordering::Relaxed);
    }

    /// Fills it, or lets it be as full as it is.
    pub async fn set(&self, state: Option<State>, ended: Arc<AtomicBool>) -> Done {
        let _turn = self.turn.lock().await;
        let empties = state.is_none();
        let held = self.held.take();
        let before = effect(&held);
        let gone = self.let_go(held).await;
        let done = match state {
            Some(state) if gone.is_ok() => self.fill(&state, ended).await,
            _ => gone,
        };
        self.emptying.set(self.emptying.get() - u32::from(empties));
        (before, done.map_err(|error| error.to_string()))
    }

    /// Waits until it is as full as it is, where that was ordered.
    pub async fn settled(&self) {
        if self.emptying.get() > 0 {
            drop(self.turn.lock().await);
        }
    }

    async fn let_go(&self, held: Full) -> Result<(), BallastError> {
        let (ballast, crowd) = (held.space.map(|(ballast, _)| ballast), held.files.map(|(crowd, _)| crowd));
        self.folder.let_go(ballast, crowd).await
    }

    async fn fill(&self, state: &State, ended: Arc<AtomicBool>) -> Result<(), BallastError> {
        let wanted = |name| {
            let share = state.call.arguments.number(name)?;
            Some(Wanted { share: share.clamp(0.0, 1.0), reserve: self.reserve })
        };
        let mut full = Full::default();
        // Files first: on a disk without any space none could be made.
        if let Some(wanted) = wanted("inodes") {
            let crowd = self.folder.crowd(wanted, self.owner.clone(), Arc::clone(&ended)).await?;
            full.files = Some((crowd, wanted.share));
        }
        if let Some(wanted) = wanted("share") {
            match self.folder.fill(wanted, self.owner.clone(), ended).await {
                Ok(ballast) => full.space = Some((ballast, wanted.share)),
                Err(error) => {
                    // That it is not full is told; what was made meanwhile stays in the journal where it cannot go.
                    let _ = self.let_go(full).await;
                    return Err(error);
                }
            }
        }
        *self.held.borrow_mut() = full;
        Ok(())
    }
}

/// What came of a filled disk, seen at its end. Of two things that were asked for the one with less of an effect decides.
fn effect(full: &Full) -> Option<Effect> {
    let space = full.space.as_ref().map(|(ballast, share)| of_space(ballast, *share));
    let files = full.files.as_ref().map(|(crowd, share)| of_files(crowd, *share));
    match (space, files) {
        (Some(space), Some(files)) => {
            let part = |effect: &Effect| effect.measured.clone().unwrap_or_default();
            let measured = Some(format!("{}; {}", part(&space), part(&files)));
            let good = |effect: &Effect| effect.evidence == Evidence::Measured;
            let evidence = if good(&space) { files.evidence } else { space.evidence };
            Some(Effect { measured, evidence })
        }
        (space, files) => space.or(files),
    }
}

fn of_space(ballast: &Ballast, share: f64) -> Effect {
    let (after, asked) = (ballast.after, Space::free_at(ballast.before, share));
    if ballast.bytes == 0 && ballast.stopped == Stopped::Reached {
        return full_already(ballast.before.share());
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
    let full_enough = after.share() + CLOSE >= share;
    judged(measured, full_enough, ballast.bytes, ballast.stopped)
}

fn of_files(crowd: &Crowd, share: f64) -> Effect {
    if crowd.files == 0 && crowd.stopped == Stopped::Reached {
        return full_already(crowd.before.share());
    }
    let (after, asked) = (crowd.after, Inodes::free_at(crowd.before, share));
    let measured = format!(
        "{} files of ballast: {} of the inodes used, {} free ({} asked)",
        number(crowd.files as f64),
        format_share(after.share()),
        number(after.free as f64),
        number(asked as f64)
    );
    judged(measured, after.share() + CLOSE >= share, crowd.files, crowd.stopped)
}

fn full_already(share: f64) -> Effect {
    let measured = format!("was {} full already, nothing was written", format_share(share));
    Effect { measured: Some(measured), evidence: Evidence::None }
}

fn judged(mut measured: String, full_enough: bool, taken: u64, stopped: Stopped) -> Effect {
    let evidence = match stopped {
        _ if full_enough && taken > 0 => Evidence::Measured,
        Stopped::Reserve if taken > 0 => Evidence::Measured,
        Stopped::Ended => Evidence::NotExercised,
        _ => Evidence::None,
    };
    match stopped {
        Stopped::Reserve => measured.push_str("; the rest is kept for soak and the machine"),
        Stopped::Refused if !full_enough => measured.push_str("; the file system gave no more"),
        _ => {}
    }
    Effect { measured: Some(measured), evidence }
}
