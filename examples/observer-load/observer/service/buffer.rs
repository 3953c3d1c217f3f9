//! What has been handled and is not written yet.

use std::collections::VecDeque;

use super::snapshot::Snapshot;

/// How many snapshots the `drop` bug has room for: half a second at 40 a second, which somebody took for plenty.
const TOO_FEW: usize = 20;

pub struct Buffer {
    lines: VecDeque<String>,
    room: usize,
    forgets: bool,
}

impl Buffer {
    /// A buffer for `room` snapshots, or one that is too small and `forgets`.
    pub fn new(room: usize, forgets: bool) -> Buffer {
        Buffer { lines: VecDeque::new(), room: if forgets { TOO_FEW } else { room }, forgets }
    }

    /// Whether there is no room for one more.
    pub fn must_be_flushed(&self) -> bool {
        self.lines.len() >= self.room && !self.forgets
    }

    /// Keeps a snapshot's line; gives its run.
    pub fn put(&mut self, snapshot: Snapshot) -> String {
        if self.lines.len() >= self.room {
            self.lines.pop_front();
        }
        self.lines.push_back(snapshot.line);
        snapshot.run_id
    }

    pub fn depth(&self) -> usize {
        self.lines.len()
    }

    pub fn drain(&mut self) -> impl Iterator<Item = String> + '_ {
        self.lines.drain(..)
    }
}
