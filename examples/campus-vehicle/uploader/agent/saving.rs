//! When the queue and the registry are written: soon after a change, but never so often that it costs.
//!
//! The registry goes first. A crash between the two finds the path in both, and the registry is believed; the
//! other way round it would be in neither.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::arguments::Broken;
use super::document;
use super::queue::Queue;
use super::registry::Registry;

/// Least time between two writes; changes in between are written together.
const PAUSE: Duration = Duration::from_millis(50);
/// A write is followed by at least so many times the time it took.
const REST: u32 = 9;
/// Pause after a write that failed.
const RETRY: Duration = Duration::from_secs(1);
/// The `duplicate` bug: so many uploads are gathered before the registry is written.
const LATE: u32 = 100;

/// Where the documents are.
#[derive(Clone)]
pub struct Files {
    pub queue: PathBuf,
    pub registry: PathBuf,
}

impl Files {
    pub fn in_home(home: &Path) -> Self {
        Self { queue: home.join("queue.json"), registry: home.join("registry.json") }
    }
}

/// The documents as they shall be written; `None` where nothing changed.
pub struct Snapshot {
    queue: Option<Vec<u8>>,
    registry: Option<Vec<u8>>,
}

impl Snapshot {
    /// # Errors
    /// Whatever the file system says; what was not replaced is as it was.
    pub fn write(self, files: &Files) -> io::Result<()> {
        if let Some(registry) = self.registry {
            document::replace(&files.registry, &registry)?;
        }
        if let Some(queue) = self.queue {
            document::replace(&files.queue, &queue)?;
        }
        Ok(())
    }
}

/// What has changed since the last write, and when the next one may be.
pub struct Saving {
    queue_changed: bool,
    registry_changes: u32,
    /// Changes of the registry that make it due.
    registry_due: u32,
    started: Instant,
    next: Instant,
}

impl Saving {
    pub fn new(broken: Broken, now: Instant) -> Self {
        let registry_due = if broken == Broken::Duplicate { LATE } else { 1 };
        Self { queue_changed: false, registry_changes: 0, registry_due, started: now, next: now }
    }

    pub fn queue_changed(&mut self) {
        self.queue_changed = true;
    }

    pub fn registry_changed(&mut self) {
        self.registry_changes = self.registry_changes.saturating_add(1);
    }

    /// When the next write is due, if there is something to write.
    pub fn due(&self) -> Option<Instant> {
        (self.queue_changed || self.registry_changes >= self.registry_due).then_some(self.next)
    }

    /// Takes what is to be written now.
    pub fn snapshot(&mut self, now: Instant, queue: &Queue, registry: &Registry) -> Snapshot {
        self.started = now;
        let registry_due = self.registry_changes >= self.registry_due;
        let snapshot = Snapshot {
            queue: self.queue_changed.then(|| queue.to_json()),
            registry: registry_due.then(|| registry.to_json()),
        };
        self.queue_changed = false;
        if registry_due {
            self.registry_changes = 0;
        }
        snapshot
    }

    /// Everything, for the end.
    pub fn whole(queue: &Queue, registry: &Registry) -> Snapshot {
        Snapshot { queue: Some(queue.to_json()), registry: Some(registry.to_json()) }
    }

    pub fn written(&mut self, now: Instant) {
        self.next = now + PAUSE.max((now - self.started) * REST);
    }

    pub fn failed(&mut self, now: Instant) {
        self.queue_changed = true;
        self.registry_changes = self.registry_changes.saturating_add(self.registry_due);
        self.next = now + RETRY;
    }
}
