//! Whole lines of files as they are written, through rotation and truncation.
//!
//! A file is known by its inode: renamed, it is read on under its new name and not again. What
//! replaces it under the old name is read from the beginning. A file that is truncated and written anew beyond
//! what had been read of it, all between two notifications, cannot be told from one that only grew.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::lateness::Lateness;
use super::outbox::Outbox;
use super::tail::{FileId, Tail};
use crate::lang::moment::{Moment, Timeline};
use crate::lang::pattern::Pattern;

/// Files that a follower knows.
const MOST_FILES: usize = 1 << 20;

/// Files that a follower keeps open; of more, those are closed that were written to longest ago.
const MOST_OPEN: usize = 256;

/// Deleted or replaced files that are still listened to: their writers may not have noticed yet.
const MOST_RETIRED: usize = 16;

/// For how long they are, before their space on the disk is given free.
const RETIRED_FOR: Duration = Duration::from_secs(30);

/// Directories that symbolic links lead to.
const MOST_LINKED: usize = 64;

/// Steps before others get their turn.
const STEPS_AT_ONCE: usize = 16;

/// Lines that arrived together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineBatch {
    /// When they were read, which is when they were notified of.
    pub at: Moment,
    /// The file's name at that time.
    pub path: Arc<Path>,
    /// Without their ends; what is no UTF-8 is replaced.
    pub lines: Vec<String>,
    /// How many of them were longer than [`super::MOST_LINE_BYTES`] and are cut.
    pub cut: usize,
}

/// The hub's side of a line follower.
#[derive(Debug)]
pub struct Lines {
    pub pattern: Pattern,
    pub outbox: Outbox<LineBatch>,
    timeline: Timeline,
    tails: HashMap<FileId, Tail>,
    paths: HashMap<PathBuf, FileId>,
    retired: VecDeque<(FileId, Moment)>,
    dirty: VecDeque<FileId>,
    /// Files that were opened, in that order.
    opened: VecDeque<FileId>,
    /// The renaming of a file that is meant, between its two notifications.
    leaving: Option<u32>,
    /// Directories outside the pattern in which linked files lie.
    linked: BTreeSet<PathBuf>,
    /// Linked files whose directory is not watched yet.
    unwatched: Vec<(PathBuf, FileId)>,
    pub cut: u64,
    pub truncations: u64,
    pub unread: u64,
}

impl Lines {
    pub fn new(pattern: Pattern, outbox: Outbox<LineBatch>, timeline: Timeline) -> Lines {
        Lines {
            pattern,
            outbox,
            timeline,
            tails: HashMap::new(),
            paths: HashMap::new(),
            retired: VecDeque::new(),
            dirty: VecDeque::new(),
            opened: VecDeque::new(),
            leaving: None,
            linked: BTreeSet::new(),
            unwatched: Vec::new(),
            cut: 0,
            truncations: 0,
            unread: 0,
        }
    }

    /// A file loses this name by a renaming.
    pub fn moved_out(&mut self, path: &Path, renaming: u32) {
        self.leaving = self.pattern.matches(path).then_some(renaming);
        self.left(path);
    }

    /// A file has this name by a renaming. Where its name before was meant, it belongs here even if the new one is
    /// not: it may have been rotated away before it was ever read.
    pub fn moved_in(&mut self, path: &Path, renaming: u32) {
        let was_meant = self.leaving.take() == Some(renaming);
        self.appeared(path, false);
        if was_meant && !self.paths.contains_key(path) {
            self.open(path, false);
        }
    }

    /// A file has this name now: one that is known, or another. `was_there`: its lines so far do not count.
    pub fn appeared(&mut self, path: &Path, was_there: bool) {
        let id = std::fs::metadata(path).ok().map(|metadata| FileId::of(&metadata));
        let before = self.paths.get(path).copied();
        if let (Some(id), Some(before)) = (id, before)
            && id == before
        {
            self.touch(id);
            return;
        }
        if before.is_some() {
            self.left(path);
        }
        let Some(id) = id else { return };
        if let Some(tail) = self.tails.get_mut(&id) {
            tail.path = Arc::from(path);
            self.name(path, id);
            self.retired.retain(|(retired, _)| *retired != id);
            self.touch(id);
        } else if self.pattern.matches(path) {
            self.open(path, was_there);
        }
    }

    fn open(&mut self, path: &Path, was_there: bool) {
        if self.tails.len() >= MOST_FILES {
            self.unread += 1;
            return;
        }
        let now = !was_there || self.tails.len() < MOST_OPEN / 2;
        match Tail::open(path, was_there, now) {
            Ok(Some((id, tail))) => {
                self.tails.insert(id, tail);
                self.name(path, id);
                self.count_open(id);
                if !was_there {
                    self.touch(id);
                }
                self.follow_link(path, id);
            }
            Ok(None) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(_) => self.unread += 1,
        }
    }

    /// A file is known by one more name.
    fn name(&mut self, path: &Path, id: FileId) {
        let before = self.paths.insert(path.to_path_buf(), id);
        if let Some(tail) = before.and_then(|before| self.tails.get_mut(&before)) {
            tail.names -= 1;
        }
        if let Some(tail) = self.tails.get_mut(&id) {
            tail.names += 1;
        }
    }

    /// A file may have been opened; where too many are, one that has nothing to be read is closed.
    fn count_open(&mut self, id: FileId) {
        if self.opened.back() == Some(&id) || self.tails.get(&id).is_none_or(|tail| !tail.is_open()) {
            return;
        }
        self.opened.retain(|known| *known != id);
        self.opened.push_back(id);
        if self.opened.len() > MOST_OPEN
            && let Some(oldest) = self.opened.pop_front()
            && let Some(tail) = self.tails.get_mut(&oldest)
        {
            // Without a name it could not be opened again.
            if tail.dirty || tail.names == 0 {
                self.opened.push_back(oldest);
            } else {
                tail.close();
            }
        }
    }

    /// What is written to a linked file is told where it really lies.
    fn follow_link(&mut self, path: &Path, id: FileId) {
        if !path.is_symlink() {
            return;
        }
        let Ok(target) = path.canonicalize() else { return };
        let Some(folder) = target.parent().map(Path::to_path_buf) else { return };
        if self.linked.len() >= MOST_LINKED && !self.linked.contains(&folder) {
            self.unread += 1;
            return;
        }
        self.linked.insert(folder.clone());
        self.name(&target, id);
        self.unwatched.push((folder, id));
    }

    /// Calls `watch` for every directory that a link was found to lead to. What was written before is read then.
    pub fn watch_linked(&mut self, mut watch: impl FnMut(&Path)) {
        for (folder, id) in std::mem::take(&mut self.unwatched) {
            watch(&folder);
            self.touch(id);
        }
    }

    /// Whether it has to hear of writes in a directory.
    pub fn listens_in(&self, folder: &Path) -> bool {
        self.pattern.reaches_into(folder) || self.linked.contains(folder)
    }

    /// A file was written to.
    pub fn written(&mut self, path: &Path) {
        match self.paths.get(path) {
            Some(id) => self.touch(*id),
            None if self.pattern.matches(path) => self.appeared(path, false),
            None => {}
        }
        for index in 0..self.retired.len() {
            self.touch(self.retired[index].0);
        }
    }

    /// A file no longer has this name; it is listened to for a while.
    pub fn left(&mut self, path: &Path) {
        let Some(id) = self.paths.remove(path) else { return };
        if let Some(tail) = self.tails.get_mut(&id) {
            tail.names -= 1;
        }
        self.touch(id);
        self.retired.push_back((id, self.timeline.now()));
        if self.retired.len() > MOST_RETIRED {
            self.let_go_oldest();
        }
    }

    /// The file retired first is read to its end once more, and then closed.
    fn let_go_oldest(&mut self) {
        if let Some((oldest, _)) = self.retired.pop_front() {
            self.touch(oldest);
        }
    }

    /// All files are to be looked at again.
    pub fn touch_all(&mut self) {
        let all: Vec<FileId> = self.tails.keys().copied().collect();
        all.into_iter().for_each(|id| self.touch(id));
    }

    fn touch(&mut self, id: FileId) {
        if let Some(tail) = self.tails.get_mut(&id)
            && !tail.dirty
        {
            tail.dirty = true;
            self.dirty.push_back(id);
        }
    }

    /// Whether something waits to be read.
    pub fn has_work(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// Reads a bounded part of what was written, unless the receiver is busy.
    pub fn work(&mut self, buffer: &mut Vec<u8>, lateness: &mut Lateness) {
        self.outbox.flush();
        let now = self.timeline.now();
        while self.retired.front().is_some_and(|(_, since)| now.since(*since) > RETIRED_FOR) {
            self.let_go_oldest();
        }
        for _ in 0..STEPS_AT_ONCE {
            if self.outbox.waiting() > 0 {
                return;
            }
            let Some(id) = self.dirty.pop_front() else { return };
            self.step(id, buffer, lateness);
        }
    }

    fn step(&mut self, id: FileId, buffer: &mut Vec<u8>, lateness: &mut Lateness) {
        let Some(tail) = self.tails.get_mut(&id) else { return };
        tail.dirty = false;
        let step = match tail.step(buffer) {
            Ok(step) => step,
            Err(error) => {
                // One that was closed and has lost its name since had been read as far as was told.
                let gone = error.kind() == std::io::ErrorKind::NotFound && tail.names == 0;
                self.unread += u64::from(!gone);
                if gone {
                    self.tails.remove(&id);
                }
                return;
            }
        };
        let at = self.timeline.now();
        let path = Arc::clone(&tail.path);
        self.cut += step.cut as u64;
        self.truncations += u64::from(step.truncated);
        if !step.lines.is_empty() {
            if let Some(changed) = step.metadata.as_ref().and_then(|metadata| metadata.modified().ok()) {
                lateness.record(changed);
            }
            self.outbox.send(LineBatch { at, path, lines: step.lines, cut: step.cut });
        }
        self.count_open(id);
        if step.more {
            self.touch(id);
        } else if !self.is_listened_to(id) {
            self.tails.remove(&id);
            self.opened.retain(|known| *known != id);
        }
    }

    fn is_listened_to(&self, id: FileId) -> bool {
        self.tails.get(&id).is_some_and(|tail| tail.names > 0)
            || self.retired.iter().any(|(retired, _)| *retired == id)
    }
}
