//! What the hub keeps for each follower, of either kind.

use std::path::Path;

use nix::sys::inotify::{AddWatchFlags, InotifyEvent};

use super::files::{FileHappening, Files};
use super::lateness::Lateness;
use super::lines::Lines;
use crate::lang::moment::Moment;
use crate::lang::pattern::Pattern;

/// A follower of either kind.
#[derive(Debug)]
pub enum Follower {
    Lines(Lines),
    Files(Files),
}

/// Why a directory is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The follower begins: what is there does not count.
    Beginning,
    /// The directory is new, or notifications were lost: what is there and not known counts.
    New,
}

impl Follower {
    pub fn pattern(&self) -> &Pattern {
        match self {
            Follower::Lines(lines) => &lines.pattern,
            Follower::Files(files) => &files.pattern,
        }
    }

    pub fn is_closed(&self) -> bool {
        match self {
            Follower::Lines(lines) => lines.outbox.is_closed(),
            Follower::Files(files) => files.outbox.is_closed(),
        }
    }

    pub fn wants(&self, folder: &Path) -> bool {
        self.pattern().reaches_into(folder)
            || self.pattern().root().starts_with(folder)
            || matches!(self, Follower::Lines(lines) if lines.listens_in(folder))
    }

    pub fn listed(&mut self, path: &Path, listing: Listing, at: Moment) {
        if !self.pattern().matches(path) {
            return;
        }
        match (self, listing) {
            (Follower::Lines(lines), listing) => lines.appeared(path, listing == Listing::Beginning),
            (Follower::Files(files), Listing::Beginning) => files.was_there(path),
            (Follower::Files(files), Listing::New) => files.found(path, at),
        }
    }

    pub fn heard(&mut self, path: &Path, event: &InotifyEvent, at: Moment, lateness: &mut Lateness) {
        let mask = event.mask;
        let (created, moved_in) = (AddWatchFlags::IN_CREATE, AddWatchFlags::IN_MOVED_TO);
        let left = AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM;
        match self {
            Follower::Lines(lines) => {
                if mask.contains(moved_in) {
                    lines.moved_in(path, event.cookie);
                } else if mask.contains(created) {
                    lines.appeared(path, false);
                } else if mask.contains(AddWatchFlags::IN_MOVED_FROM) {
                    lines.moved_out(path, event.cookie);
                } else if mask.intersects(left) {
                    lines.left(path);
                } else {
                    lines.written(path);
                }
            }
            Follower::Files(files) if files.pattern.matches(path) => {
                if mask.contains(AddWatchFlags::IN_CLOSE_WRITE) {
                    files.finished(path, at, FileHappening::Closed, lateness);
                } else if mask.contains(moved_in) {
                    files.finished(path, at, FileHappening::Moved, lateness);
                } else if mask.contains(created) {
                    files.created(path, at);
                } else if mask.intersects(left) {
                    files.gone(path, at);
                }
            }
            Follower::Files(_) => {}
        }
    }
}
