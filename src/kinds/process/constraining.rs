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
        mut start: Option<Start<'_>>,
        name: &str,
        share: Option<f64>,
        around: &Surroundings,
        reply: Changed<Throttled>,
    ) {
        if let Some(start) = &mut start {
            self.gather_throttled(start.constraints);
        }
        replace(&mut self.throttle, share, reply, |share| {
            let start = running(start, name)?;
            start.constraints.throttle(name, start.tree, share, around)
        });
    }

    /// Wants other limits, or none.
    pub fn limit(
        &mut self,
        mut start: Option<Start<'_>>,
        name: &str,
        limits: Option<Limits>,
        around: &Surroundings,
        reply: Changed<Limited>,
    ) {
        if let Some(start) = &mut start {
            self.gather_limited(start.constraints);
        }
        replace(&mut self.limit, limits, reply, |limits| {
            let start = running(start, name)?;
            start.constraints.limit(name, start.tree, limits, around)
        });
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

/// Puts what is asked in the place of what was wanted, as far as it can be put into force, and answers.
fn replace<Asked: Copy, Found: Default>(
    wanted: &mut Option<(Asked, Found)>,
    asked: Option<Asked>,
    reply: Changed<Found>,
    apply: impl FnOnce(Asked) -> Result<(), ProcessError>,
) {
    let before = wanted.take().map(|(_, found)| found);
    let done = asked.map_or(Ok(()), apply);
    *wanted = asked.filter(|_| done.is_ok()).map(|asked| (asked, Found::default()));
    // Who asked may have been cut off by the end of a block.
    let _ = reply.send((before, done));
}

fn running<'a>(start: Option<Start<'a>>, name: &str) -> Result<Start<'a>, ProcessError> {
    let down = || ProcessError::NotRunning { name: name.to_owned() };
    start.filter(|start| start.runs).ok_or_else(down)
}
