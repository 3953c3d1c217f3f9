//! What a process is kept under, over all of its starts.

use tokio::sync::oneshot;

use super::constraint::Constraints;
use super::error::ProcessError;
use super::limit::{Limited, Limits};
use super::options::Surroundings;
use super::throttle::Throttled;
use crate::kinds::undo::Tree;

/// Answers an order that takes the place of another one: what became of that, and whether this one is in force.
pub(super) type Changed<Found> = oneshot::Sender<(Option<Found>, Result<(), ProcessError>)>;

/// What is wanted, and what has become of it so far.
#[derive(Default)]
pub(super) struct Constraining {
    throttle: Option<(f64, Throttled)>,
    limit: Option<(Limits, Limited)>,
}

/// The start that is to be kept under it.
pub(super) struct Start<'a> {
    pub constraints: &'a mut Constraints,
    pub tree: &'a Tree,
    /// Whether its own process still runs.
    pub runs: bool,
}

impl Constraining {
    /// Wants another share of a core, or all there is.
    pub fn throttle(
        &mut self,
        start: Option<Start<'_>>,
        name: &str,
        share: Option<f64>,
        around: &Surroundings,
        reply: Changed<Throttled>,
    ) {
        let mut start = start;
        if let Some(start) = &mut start {
            self.gather_throttled(start.constraints);
        }
        let before = self.throttle.take().map(|(_, found)| found);
        let done = match share {
            None => Ok(()),
            Some(share) => running(start, name)
                .and_then(|start| start.constraints.throttle(name, start.tree, share, around)),
        };
        if let (Some(share), Ok(())) = (share, &done) {
            self.throttle = Some((share, Throttled::default()));
        }
        // Who asked may have been cut off by the end of a block.
        let _ = reply.send((before, done));
    }

    /// Wants other limits, or none.
    pub fn limit(
        &mut self,
        start: Option<Start<'_>>,
        name: &str,
        limits: Option<Limits>,
        around: &Surroundings,
        reply: Changed<Limited>,
    ) {
        let mut start = start;
        if let Some(start) = &mut start {
            self.gather_limited(start.constraints);
        }
        let before = self.limit.take().map(|(_, found)| found);
        let done = match limits {
            None => Ok(()),
            Some(limits) => running(start, name)
                .and_then(|start| start.constraints.limit(name, start.tree, limits, around)),
        };
        if let (Some(limits), Ok(())) = (limits, &done) {
            self.limit = Some((limits, Limited::default()));
        }
        // As above.
        let _ = reply.send((before, done));
    }

    /// Puts a fresh start under what is wanted.
    pub fn constrain(
        &self,
        constraints: &mut Constraints,
        tree: &Tree,
        name: &str,
        around: &Surroundings,
    ) -> Result<(), ProcessError> {
        if let Some((share, _)) = self.throttle {
            constraints.throttle(name, tree, share, around)?;
        }
        if let Some((limits, _)) = self.limit {
            constraints.limit(name, tree, limits, around)?;
        }
        Ok(())
    }

    /// Takes in what became of a start that is over.
    pub fn gather(&mut self, constraints: &mut Constraints) {
        self.gather_throttled(constraints);
        self.gather_limited(constraints);
    }

    fn gather_throttled(&mut self, constraints: &mut Constraints) {
        if let (Some(found), Some((_, all))) = (constraints.unthrottle(), &mut self.throttle) {
            all.add(found);
        }
    }

    fn gather_limited(&mut self, constraints: &mut Constraints) {
        if let (Some(found), Some((_, all))) = (constraints.unlimit(), &mut self.limit) {
            all.add(found);
        }
    }
}

fn running<'a>(start: Option<Start<'a>>, name: &str) -> Result<Start<'a>, ProcessError> {
    let down = || ProcessError::NotRunning { name: name.to_owned() };
    start.filter(|start| start.runs).ok_or_else(down)
}
