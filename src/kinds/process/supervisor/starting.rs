//! Starting a process, by order or by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ending::Intent;
use super::{Reply, Supervisor, answer};
use crate::kinds::process::error::ProcessError;
use crate::kinds::process::instance::{Connections, Instance};
use crate::kinds::process::output::Sink;
use crate::kinds::process::probe::Probe;

/// The least time between an exit and the start that follows by itself: a program that ends at once must not keep the
/// machine busy with starting it.
pub const RESTART_FLOOR: Duration = Duration::from_millis(10);
impl Supervisor {
    /// When it starts again by itself, if it ended now.
    pub(super) fn restart_time(&self) -> Option<Instant> {
        self.launch.options.restart_after.map(|after| Instant::now() + after.max(RESTART_FLOOR))
    }

    /// Starts it without anybody having asked just now; where that fails, it is tried again in the same time.
    pub(super) fn start_again(&mut self) {
        if self.closing || self.holds > 0 || self.is_up() {
            return;
        }
        self.start(None);
    }

    /// Starts it, once the remains of an earlier start are out of the way.
    pub(super) fn start(&mut self, reply: Option<Reply>) {
        if self.instance.is_some() {
            self.end_tree(Intent::Clear, Duration::ZERO, None);
            match &mut self.ending {
                Some(ending) => ending.start_after.extend(reply),
                // Ended within the call, which has started it as for nobody.
                None => {
                    if let Some(reply) = reply {
                        self.start_ordered(reply);
                    }
                }
            }
            return;
        }
        let started = self.spawn();
        let trouble = started.as_ref().err().map(|error| Arc::<str>::from(error.to_string()));
        if trouble.is_some() && reply.is_none() {
            self.restart_at = self.restart_time();
        }
        self.shown.send_modify(|state| state.trouble = trouble);
        self.show();
        if let Some(reply) = reply {
            answer(reply, started);
        }
    }

    fn spawn(&mut self) -> Result<(), ProcessError> {
        let options = &self.launch.options;
        let awaited = match &options.ready {
            Some(Probe::Line(expression)) => Some(expression.clone()),
            _ => None,
        };
        let sink = Sink {
            log: self.log.clone(),
            mask: self.launch.around.mask.clone(),
            lines: self.lines.clone(),
            timeline: self.launch.around.timeline,
            instance: self.starts + 1,
            awaited,
            readiness: self.report.clone(),
        };
        let connections = Connections {
            program: &self.launch.program,
            folder: &self.launch.folder,
            sink,
            readers: &mut self.readers,
            companions: &mut self.companions,
            readiness: self.report.clone(),
        };
        let mut instance = Instance::start(options, &self.launch.around, connections)?;
        let (name, around) = (&options.name, &self.launch.around);
        self.constraining.constrain(&mut instance.constraints, &instance.tree, name, around)?;
        self.starts += 1;
        self.restarts += u64::from(std::mem::take(&mut self.unasked));
        let (restarts, at) = (self.restarts, self.launch.around.timeline.now());
        let ready = options.ready.is_none();
        let identity = instance.tree.root.clone();
        self.instance = Some(instance);
        self.shown.send_modify(|state| {
            (state.up, state.ready, state.identity) = (true, ready, Some(identity));
            (state.restarts, state.since) = (restarts, at);
        });
        Ok(())
    }
}
