//! Waiting for a folder to change.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

pub struct Watch {
    inotify: Inotify,
}

impl Watch {
    pub fn of(folder: &Path) -> io::Result<Watch> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        inotify.add_watch(folder, AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_CLOSE_WRITE)?;
        Ok(Watch { inotify })
    }

    /// Waits until something was put into the folder, for so long at most.
    pub fn wait(&self, patience: Duration) -> io::Result<()> {
        let mut descriptors = [PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN)];
        let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
        poll(&mut descriptors, patience)?;
        // What it was is seen by looking at the folder.
        while self.inotify.read_events().is_ok() {}
        Ok(())
    }
}
