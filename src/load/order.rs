//! One load with every value known: what the interpreter asks of the engine.

use super::recorder::Origin;
use crate::check::scenario::LoadSubject;
use crate::lang::moment::Moment;
use crate::lang::profile::Profile;
use std::time::Duration;

/// A load to be run.
#[derive(Clone, Debug)]
pub struct LoadOrder {
    /// Unique within the run.
    pub id: u64,
    /// The action, or the mix that picks one each time.
    pub subject: LoadSubject,
    /// When iterations are due.
    pub plan: Plan,
    /// So many iterations in all.
    pub times: Option<u64>,
    /// When it begins.
    pub start: Moment,
    /// How long it takes; `None`: until it is stopped, or has done its `times`.
    pub duration: Option<Duration>,
    /// Where the gaps of a Poisson process come from.
    pub seed: u64,
}

impl LoadOrder {
    /// Whose iterations they are.
    pub(super) fn origin(&self) -> Origin {
        Origin { load: self.id, subject: self.subject }
    }
}

/// When iterations are due.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Open: at a rate, never slowed by answers.
    Rate {
        /// The rate over time.
        profile: Profile,
        /// Random gaps in place of even ones.
        poisson: bool,
        /// So many at once; what is due beyond that is dropped.
        max_users: Option<u64>,
    },
    /// Closed: each user again and again. The number of users goes from one to the other over the duration.
    Users {
        /// At the start.
        from: u64,
        /// At the end.
        to: u64,
    },
    /// So many users, one iteration each, all let go at one instant.
    AtOnce {
        /// How many.
        users: u64,
    },
    /// One after the other.
    Sequential,
}
