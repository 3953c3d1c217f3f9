//! How blocks end, in a stated order: what runs in the background (newest first), loads, windows, faults (newest
//! first). All of it at the block's exact end, so that what follows is on time.

use super::interpreter::Interpreter;
use super::scope::{Owned, ScopeId, ScopeKind};
use super::strand::{StrandId, Waiting};
use super::tell::Pending;
use super::world::{Order, Ticket};
use crate::event::{EventKind, PhaseEnded};
use crate::lang::moment::Moment;
use std::rc::Rc;

/// What becomes of the conditions that a block watches when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judging {
    /// They are judged by what there was.
    Judge,
    /// What was not decided yet does not count: it stands in a pass that was cut.
    Discard,
}

/// How a block ends.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    at: Moment,
    /// It ends by itself, rather than with one around it.
    whole: bool,
    /// Something in it did not have its time.
    cut: bool,
    judging: Judging,
}

impl Interpreter<'_, '_> {
    /// A block ends by itself: it is done, or has reached its own end.
    pub fn leave_whole(&mut self, id: ScopeId, at: Moment, cut: bool) {
        // What was sampled up to this moment is judged while the block lasts.
        self.judge_dirty();
        self.leave(id, Leaving { at, whole: true, cut, judging: Judging::Judge });
    }

    /// A block ends and nothing in it is judged any more.
    pub fn leave_unjudged(&mut self, id: ScopeId) {
        let at = self.now;
        self.leave(id, Leaving { at, whole: false, cut: true, judging: Judging::Discard });
    }

    fn leave(&mut self, id: ScopeId, how: Leaving) {
        let owned = self.scopes.take_owned(id);
        for one in owned.iter().rev() {
            match one {
                Owned::Strand(strand) => self.drop_strand(*strand),
                Owned::Every(every) => {
                    self.everies.remove(every);
                }
                Owned::Scope(inner) => {
                    let pass = self
                        .scopes
                        .get(*inner)
                        .is_some_and(|scope| matches!(scope.kind, ScopeKind::Pass { .. }));
                    let judging = if pass { Judging::Discard } else { how.judging };
                    self.leave(*inner, Leaving { at: how.at, whole: false, cut: true, judging });
                }
                Owned::Load(_) | Owned::Watch(_) | Owned::Fault(_) => {}
            }
        }
        for one in owned.iter().rev() {
            if let Owned::Load(load) = one {
                self.end_load(*load, how.at);
            }
        }
        for one in &owned {
            if let Owned::Watch(watch) = one {
                match how.judging {
                    Judging::Judge => self.end_watch(*watch, how.at),
                    Judging::Discard => {
                        self.drop_watch(*watch);
                    }
                }
            }
        }
        for one in owned.iter().rev() {
            if let Owned::Fault(fault) = one {
                self.undo(*fault);
            }
        }
        let Some(scope) = self.scopes.remove(id) else { return };
        if let ScopeKind::Phase { number, name } = scope.kind {
            if how.whole {
                self.measurements.phase_ended(self.world, &name, scope.began, how.at);
            }
            let over_phases = self.measurements.over_phases();
            self.measurements.unpin(self.world, &over_phases, scope.began);
            let (now, depth) = (self.now, self.depth.or(scope.parent.and_then(|outer| self.depth(outer))));
            self.tell_inside(
                now,
                depth,
                EventKind::PhaseEnded(PhaseEnded { phase: number, name, cut: how.cut }),
            );
        }
        let pinned = Rc::clone(&scope.pinned);
        self.measurements.unpin(self.world, &pinned, scope.began);
    }

    /// A strand ends in the middle of what it does.
    pub fn drop_strand(&mut self, id: StrandId) {
        if let Some(strand) = self.strands.remove(&id)
            && let Waiting::Answer(ticket) = strand.waiting
        {
            self.end_command(ticket);
        }
    }

    /// Where a command of the story is what was waited for, it is ended.
    pub fn end_command(&mut self, run: Ticket) {
        if let Some(Pending::Run { .. }) = self.pending.get(&run) {
            self.order(Order::EndRun { run }, Pending::EndRun);
        }
    }
}
