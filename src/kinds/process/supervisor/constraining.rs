//! What the process is kept under, over all of its starts.

use tokio::sync::oneshot;

use super::{Supervisor, running};
use crate::kinds::process::error::ProcessError;
use crate::kinds::process::instance::Instance;
use crate::kinds::process::limit::{Limited, Limits};
use crate::kinds::process::throttle::Throttled;

/// Answers an order that takes the place of another one: what became of that, and whether this one is in force.
pub(in crate::kinds::process) type Changed<Found> =
    oneshot::Sender<(Option<Found>, Result<(), ProcessError>)>;

/// What is wanted, and what has become of it so far.
#[derive(Default)]
pub(super) struct Constraining {
    throttle: Option<(f64, Throttled)>,
    limit: Option<(Limits, Limited)>,
}

impl Supervisor {
    pub(super) fn throttle(&mut self, share: Option<f64>, reply: Changed<Throttled>) {
        if let Some(instance) = &mut self.instance {
            self.constraining.gather_throttled(instance);
        }
        let before = self.constraining.throttle.take().map(|(_, found)| found);
        let done = match share {
            None => Ok(()),
            Some(share) => running(&mut self.instance, &self.launch.options.name).and_then(|instance| {
                let name = &self.launch.options.name;
                instance.constraints.throttle(name, &instance.tree, share, &self.launch.around)
            }),
        };
        if let (Some(share), Ok(())) = (share, &done) {
            self.constraining.throttle = Some((share, Throttled::default()));
        }
        // Who asked may have been cut off by the end of a block.
        let _ = reply.send((before, done));
    }

    pub(super) fn limit(&mut self, limits: Option<Limits>, reply: Changed<Limited>) {
        if let Some(instance) = &mut self.instance {
            self.constraining.gather_limited(instance);
        }
        let before = self.constraining.limit.take().map(|(_, found)| found);
        let done = match limits {
            None => Ok(()),
            Some(limits) => running(&mut self.instance, &self.launch.options.name).and_then(|instance| {
                instance.constraints.limit(&self.launch.options.name, &instance.tree, limits)
            }),
        };
        if let (Some(limits), Ok(())) = (limits, &done) {
            self.constraining.limit = Some((limits, Limited::default()));
        }
        // As above.
        let _ = reply.send((before, done));
    }

    /// Puts a fresh start under what is wanted.
    pub(super) fn constrain(&self, instance: &mut Instance) -> Result<(), ProcessError> {
        let name = &self.launch.options.name;
        if let Some((share, _)) = self.constraining.throttle {
            instance.constraints.throttle(name, &instance.tree, share, &self.launch.around)?;
        }
        if let Some((limits, _)) = self.constraining.limit {
            instance.constraints.limit(name, &instance.tree, limits)?;
        }
        Ok(())
    }
}

impl Constraining {
    /// Takes in what became of a start that is over.
    pub fn gather(&mut self, instance: &mut Instance) {
        self.gather_throttled(instance);
        self.gather_limited(instance);
    }

    fn gather_throttled(&mut self, instance: &mut Instance) {
        if let (Some(found), Some((_, all))) = (instance.constraints.unthrottle(), &mut self.throttle) {
            all.add(found);
        }
    }

    fn gather_limited(&mut self, instance: &mut Instance) {
        if let (Some(found), Some((_, all))) = (instance.constraints.unlimit(), &mut self.limit) {
            all.add(found);
        }
    }
}
