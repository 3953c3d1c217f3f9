//! What a started process is kept under: a share of the processor, and upper limits.

use std::sync::Arc;

use super::control_group::ControlGroup;
use super::error::ProcessError;
use super::grip::Grip;
use super::limit::{self, Limited, Limits};
use super::options::Surroundings;
use super::throttle::{Paused, Throttled, throttle};
use crate::kinds::undo::{Applied, LimitedTree, PausedTree, Tree, Undo};

/// Nothing, until it is told. Dropped, the process is free again.
#[derive(Default)]
pub(super) struct Constraints {
    throttle: Option<Throttling>,
    limit: Option<Limiting>,
    /// Made for the first throttling, and kept until the process has ended.
    group: Option<Arc<ControlGroup>>,
    /// Whether somebody else wants it stopped.
    pub paused: Paused,
}

struct Throttling {
    grip: Grip<Throttled>,
    /// It may be stopped when the run dies.
    applied: Applied,
}

struct Limiting {
    grip: Grip<Limited>,
    /// It may still have the limits when the run dies.
    applied: Option<Applied>,
}

impl Constraints {
    /// Gives a tree a share of one core; the journal knows before anything of it is kept back.
    pub fn throttle(
        &mut self,
        name: &str,
        tree: &Tree,
        share: f64,
        around: &Surroundings,
    ) -> Result<(), ProcessError> {
        let failed = |reason| ProcessError::Constrain { name: name.to_owned(), reason };
        if self.group.is_none() && ControlGroup::can_give(share) {
            self.group = ControlGroup::make(name, tree, around)?.map(Arc::new);
        }
        let undo = Undo::Paused(PausedTree { name: name.to_owned(), tree: tree.clone() });
        let applied = Applied::record(&around.recorder, undo)?;
        let group = self.group.clone().filter(|_| ControlGroup::can_give(share));
        let (tree, paused) = (tree.clone(), Paused::clone(&self.paused));
        let grip = Grip::take("throttle", move |held| match group {
            Some(group) => group.keep(&tree, share, &paused, held),
            None => throttle(&tree, share, &paused, held),
        });
        self.throttle = Some(Throttling { grip: grip.map_err(failed)?, applied });
        Ok(())
    }

    /// Gives it all there is again.
    pub fn unthrottle(&mut self) -> Option<Throttled> {
        let Throttling { grip, applied } = self.throttle.take()?;
        let found = grip.end();
        match found {
            // The thread has let everybody go on.
            Some(_) => applied.settle(),
            None => drop(applied),
        }
        found
    }

    /// Sets upper limits. Those of a process that outlives the run are in the journal before.
    pub fn limit(
        &mut self,
        name: &str,
        tree: &Tree,
        limits: Limits,
        around: &Surroundings,
    ) -> Result<(), ProcessError> {
        let failed = |reason| ProcessError::Constrain { name: name.to_owned(), reason };
        let applied = match tree.marker {
            Some(_) => None,
            None => {
                let limits = limit::changes(tree, limits).map_err(failed)?;
                let undo = LimitedTree { name: name.to_owned(), tree: tree.clone(), limits };
                Some(Applied::record(&around.recorder, Undo::Limited(undo))?)
            }
        };
        let kept = limit::begin(tree, limits).map_err(failed)?;
        let tree = tree.clone();
        let grip = Grip::take("limit", move |held| limit::keep(&tree, kept, held)).map_err(failed)?;
        self.limit = Some(Limiting { grip, applied });
        Ok(())
    }

    /// Takes them back.
    pub fn unlimit(&mut self) -> Option<Limited> {
        let Limiting { grip, applied } = self.limit.take()?;
        let found = grip.end();
        match (applied, found) {
            (Some(applied), Some(_)) => applied.settle(),
            (applied, _) => drop(applied),
        }
        found
    }
}
