//! What waits for its upload, oldest first, and what is being uploaded.
//!
//! A path is in one of the two lists at most, and leaves the queue only when it has been registered as uploaded
//! or its file is gone. The queue is as long as there are files on the disk that have not been uploaded.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Instant;

use serde_json::{Value, json};

use super::document;

/// A path below HOME/data that has not been uploaded yet.
#[derive(Debug)]
pub struct Item {
    pub path: String,
    /// Its place in the order in which files were found.
    number: u64,
    /// Attempts so far that failed for this file alone, not for the network.
    pub failures: u32,
    /// Not to be tried before this.
    rests_until: Option<Instant>,
}

#[derive(Default)]
pub struct Queue {
    pending: VecDeque<Item>,
    uploading: BTreeSet<String>,
    known: HashSet<String>,
    numbered: u64,
}

impl Queue {
    /// The queue that an earlier process left: what it was uploading comes first.
    pub fn restore(document: Option<&Value>) -> Self {
        let mut queue = Self::default();
        for path in document::texts(document, "uploading").chain(document::texts(document, "pending")) {
            queue.add(path);
        }
        queue
    }

    /// Puts a path at the end; false when it is there already.
    pub fn add(&mut self, path: String) -> bool {
        let new = self.known.insert(path.clone());
        if new {
            self.pending.push_back(Item { path, number: self.numbered, failures: 0, rests_until: None });
            self.numbered += 1;
        }
        new
    }

    /// Takes the first item that may be tried now.
    pub fn start_next(&mut self, now: Instant) -> Option<Item> {
        let due = self.pending.iter().position(|item| item.rests_until.is_none_or(|until| until <= now))?;
        let item = self.pending.remove(due)?;
        self.uploading.insert(item.path.clone());
        Some(item)
    }

    /// When the next item may be tried; `None` when one may be tried now or there is none.
    pub fn next_due(&self) -> Option<Instant> {
        self.pending.iter().map(|item| item.rests_until).min().flatten()
    }

    /// Puts an item whose attempt failed back to where it was: before all that were found later.
    pub fn put_back(&mut self, item: Item) {
        self.uploading.remove(&item.path);
        let later = self.pending.iter().position(|other| other.number > item.number);
        self.pending.insert(later.unwrap_or(self.pending.len()), item);
    }

    /// Puts an item back to the end, to be tried again at `until`.
    pub fn rest(&mut self, mut item: Item, until: Instant) {
        self.uploading.remove(&item.path);
        item.failures = item.failures.saturating_add(1);
        item.rests_until = Some(until);
        self.pending.push_back(item);
    }

    /// Forgets an item that has been uploaded or whose file is gone.
    pub fn remove(&mut self, path: &str) {
        self.uploading.remove(path);
        self.known.remove(path);
    }

    /// Forgets a path that waits here although it has been uploaded, which a crash between two writes leaves.
    pub fn forget(&mut self, path: &str) {
        if self.known.remove(path) {
            self.pending.retain(|item| item.path != path);
        }
    }

    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    pub fn uploading(&self) -> usize {
        self.uploading.len()
    }

    pub fn to_json(&self) -> Vec<u8> {
        let pending: Vec<&str> = self.pending.iter().map(|item| item.path.as_str()).collect();
        json!({ "pending": pending, "uploading": self.uploading }).to_string().into_bytes()
    }
}
