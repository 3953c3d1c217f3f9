//! Ending a tree: asked first, killed when its time is up, looked after until the last of it is gone.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::Instant;

use super::{Reply, Supervisor, answer};
use crate::kinds::process::error::ProcessError;
use crate::kinds::undo::KILL_LIMIT;

/// The first time between two looks whether a tree has ended; doubles up to [`LOOK_LATEST`].
pub(super) const LOOK_FIRST: Duration = Duration::from_millis(5);
const LOOK_LATEST: Duration = Duration::from_millis(160);

/// Why a tree is being ended, which decides what follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// It stays down.
    Stop,
    /// Its declaration says what follows.
    Kill,
    /// Remains of an earlier start, in the way of the next.
    Clear,
}

/// A tree on its way out.
pub(super) struct Ending {
    pub intent: Intent,
    /// When SIGKILL follows.
    kill_at: Instant,
    /// When it is taken for unkillable.
    give_up_at: Instant,
    pub look_at: Instant,
    /// Until the look after the next.
    pub pause: Duration,
    waiting: Vec<Reply>,
    /// Who wants it started once it has ended.
    pub start_after: Vec<Reply>,
}

impl Supervisor {
    /// Begins to end the tree, or hastens an ending that is under way. Answers at once where there is no tree.
    pub(super) fn end_tree(&mut self, intent: Intent, grace: Duration, reply: Option<Reply>) {
        let now = Instant::now();
        let Some(instance) = &mut self.instance else {
            if let Some(reply) = reply {
                answer(reply, Ok(()));
            }
            return;
        };
        let ending = self.ending.get_or_insert_with(|| Ending {
            intent,
            kill_at: now + grace,
            give_up_at: now + grace + KILL_LIMIT,
            look_at: now,
            pause: LOOK_FIRST,
            waiting: Vec::new(),
            start_after: Vec::new(),
        });
        ending.kill_at = ending.kill_at.min(now + grace);
        ending.give_up_at = ending.give_up_at.min(now + grace + KILL_LIMIT);
        ending.look_at = now;
        if intent == Intent::Clear && ending.intent == Intent::Kill {
            ending.intent = Intent::Clear;
        }
        if intent == Intent::Stop {
            ending.intent = Intent::Stop;
            for cancelled in ending.start_after.drain(..) {
                answer(cancelled, Err(ProcessError::Stopping { name: self.launch.options.name.clone() }));
            }
        }
        ending.waiting.extend(reply);
        if grace.is_zero() {
            self.look(now);
        } else {
            // Refused or not, the grace decides.
            let _ = instance.signal_tree(self.launch.options.stop_signal);
            // A stopped process takes no signal but SIGKILL.
            let _ = instance.resume();
        }
    }

    /// Looks whether the tree has ended, and kills it where its time is up.
    pub(super) fn look(&mut self, now: Instant) {
        let (Some(instance), Some(ending)) = (&mut self.instance, &mut self.ending) else { return };
        let living = instance.living();
        if living.is_empty() && instance.exit.is_some() {
            self.conclude(true);
            return;
        }
        if now >= ending.give_up_at {
            self.conclude(false);
            return;
        }
        if now >= ending.kill_at {
            for member in living {
                member.signal(Signal::SIGKILL);
            }
        }
        let next = now + ending.pause;
        ending.look_at = if now < ending.kill_at { next.min(ending.kill_at) } else { next };
        ending.pause = (ending.pause * 2).min(LOOK_LATEST);
    }

    /// The tree has ended, or could not be ended. Tells whoever waits, and does what is to follow.
    pub(super) fn conclude(&mut self, ended: bool) {
        let Some(mut instance) = self.instance.take() else { return };
        self.constraining.gather(&mut instance.constraints);
        if ended {
            instance.over()
        } else {
            instance.given_up()
        }
        self.companions.abort_all();
        let Some(ending) = self.ending.take() else { return };
        let follows = ended && ending.intent == Intent::Kill && self.holds == 0;
        if follows && self.restart_at.is_none() && ending.start_after.is_empty() && !self.closing {
            self.restart_at = self.restart_time();
        }
        self.show();
        for reply in ending.waiting {
            answer(reply, if ended { Ok(()) } else { Err(ProcessError::DoesNotEnd { name: self.name() }) });
        }
        let mut starters = ending.start_after.into_iter();
        if let Some(first) = starters.next() {
            self.start_ordered(first);
            starters.for_each(|other| self.start_ordered(other));
        } else if ending.intent == Intent::Clear && ended {
            self.start_again();
        }
    }
}
