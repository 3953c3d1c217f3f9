//! The task that listens for all followers of a run.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::inotify::{AddWatchFlags, InotifyEvent};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::FollowError;
use super::files::Files;
use super::folders::Folders;
use super::follower::{Follower, Listing};
use super::handle::{Command, Health, HubHandle};
use super::lateness::Lateness;
use super::lines::Lines;
use super::outbox::Outbox;
use crate::lang::moment::{Moment, Timeline};

/// Followers of one run.
const MOST_FOLLOWERS: usize = 256;

/// Messages on their way to one follower; a line batch is at most 64 KiB of text.
const QUEUE: usize = 256;

/// Portions of notifications (4 KiB each) heard before files are read.
const PORTIONS_AT_ONCE: usize = 64;

/// How long notifications are left to gather after some were heard: a log that is written to ten thousand times a second
/// must not wake anyone as often. What comes after a pause is heard at once.
const GATHER: Duration = Duration::from_millis(1);

/// How soon a busy receiver is tried again.
const BUSY: Duration = Duration::from_millis(2);

/// Listens for all followers of a run; [`Hub::run`] is to be spawned as a task.
#[derive(Debug)]
pub struct Hub {
    timeline: Timeline,
    folders: Folders,
    followers: Vec<Follower>,
    commands: mpsc::Receiver<Command>,
    lateness: Lateness,
    /// Counts of followers that have gone, and those of the hub itself.
    past: Health,
    buffer: Vec<u8>,
}

impl Hub {
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the kernel gives no inotify instance.
    pub fn new(timeline: Timeline) -> Result<(Hub, HubHandle), FollowError> {
        let (sender, commands) = mpsc::channel(MOST_FOLLOWERS);
        let hub = Hub {
            timeline,
            folders: Folders::new().map_err(FollowError::NoInstance)?,
            followers: Vec::new(),
            commands,
            lateness: Lateness::default(),
            past: Health::default(),
            buffer: Vec::new(),
        };
        Ok((hub, HubHandle { commands: sender }))
    }

    /// Listens until nobody asks any more.
    pub async fn run(mut self) {
        let mut gather_until = None;
        loop {
            let (waiting, blocked) = self.work();
            tokio::select! {
                () = sleep_until(gather_until), if gather_until.is_some() => gather_until = None,
                events = self.folders.next(), if gather_until.is_none() => match events {
                    Ok(events) => {
                        self.hear(events);
                        gather_until = Some(Instant::now() + GATHER);
                    }
                    // The instance itself has failed; without it there is nothing to listen to.
                    Err(_) => return,
                },
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                () = tokio::time::sleep(BUSY), if blocked => {}
                () = tokio::task::yield_now(), if waiting && !blocked => {}
            }
        }
    }

    /// Reads what was written. Gives whether more waits, and whether a receiver is busy.
    fn work(&mut self) -> (bool, bool) {
        let (mut waiting, mut blocked) = (false, false);
        for follower in &mut self.followers {
            match follower {
                Follower::Lines(lines) => {
                    lines.watch_linked(|folder| {
                        self.past.unwatched += u64::from(self.folders.watch(folder, true).is_err());
                    });
                    lines.work(&mut self.buffer, &mut self.lateness);
                    waiting |= lines.has_work();
                    blocked |= lines.outbox.waiting() > 0;
                }
                Follower::Files(files) => {
                    files.outbox.flush();
                    blocked |= files.outbox.waiting() > 0;
                }
            }
        }
        (waiting, blocked)
    }

    fn obey(&mut self, command: Command) {
        self.let_go();
        // What happened before is not for a follower that only begins now.
        if let Ok(events) = self.folders.more() {
            self.hear(events);
        }
        // Whoever asked may have gone meanwhile; then the answer is of no use to anyone.
        match command {
            Command::Lines(pattern, answer) => {
                let (sender, receiver) = mpsc::channel(QUEUE);
                let follower = Follower::Lines(Lines::new(pattern, Outbox::new(sender), self.timeline));
                let _ = answer.send(self.begin(follower).map(|()| receiver));
            }
            Command::Files(pattern, answer) => {
                let (sender, receiver) = mpsc::channel(QUEUE);
                let follower = Follower::Files(Files::new(pattern, Outbox::new(sender)));
                let _ = answer.send(self.begin(follower).map(|()| receiver));
            }
            Command::Health(answer) => {
                let _ = answer.send(self.health());
            }
        }
    }

    fn begin(&mut self, follower: Follower) -> Result<(), FollowError> {
        if self.followers.len() >= MOST_FOLLOWERS {
            return Err(FollowError::TooManyFollowers(MOST_FOLLOWERS));
        }
        self.followers.push(follower);
        let index = self.followers.len() - 1;
        let begun = self.reach(index, Listing::Beginning);
        if begun.is_err() {
            self.followers.pop();
        }
        begun
    }

    /// Watches a follower's root, or the nearest directory above that exists, and lists what is below.
    fn reach(&mut self, index: usize, listing: Listing) -> Result<(), FollowError> {
        let root = self.followers[index].pattern().root().to_path_buf();
        let above: Vec<PathBuf> = root.ancestors().skip(1).map(Path::to_path_buf).collect();
        loop {
            // From the top of what matters down: a directory made meanwhile is seen either way.
            if let Some(nearest) = above.iter().find(|folder| folder.is_dir()) {
                self.watch(nearest)?;
            }
            if self.watch(&root)? {
                return self.list(index, &root, listing);
            }
            let nearest = above.iter().find(|folder| folder.is_dir());
            if root.is_dir() || nearest.is_some_and(|folder| !self.folders.watches(folder)) {
                continue;
            }
            return Ok(());
        }
    }

    /// Watches a directory; false where it is none.
    fn watch(&mut self, folder: &Path) -> Result<bool, FollowError> {
        let writes = self.followers.iter().any(|follower| {
            matches!(follower, Follower::Lines(_)) && follower.pattern().reaches_into(folder)
        });
        match self.folders.watch(folder, writes) {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(false)
            }
            Err(error) if error.raw_os_error() == Some(nix::libc::ENOSPC) => {
                Err(FollowError::TooManyWatches(folder.to_path_buf()))
            }
            Err(error) => Err(FollowError::Unwatchable(folder.to_path_buf(), error)),
        }
    }

    /// Lists a directory and what is below, each directory after it is watched.
    fn list(&mut self, index: usize, folder: &Path, listing: Listing) -> Result<(), FollowError> {
        let mut folders = vec![folder.to_path_buf()];
        while let Some(folder) = folders.pop() {
            if !self.watch(&folder)? {
                continue;
            }
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let path = entry.path();
                let follower = &mut self.followers[index];
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    if follower.pattern().reaches_into(&path) {
                        folders.push(path);
                    }
                } else {
                    follower.listed(&path, listing, self.timeline.now());
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, first: Vec<InotifyEvent>) {
        let mut events = first;
        for _ in 0..PORTIONS_AT_ONCE {
            let at = self.timeline.now();
            for event in &events {
                self.heard(event, at);
            }
            events = self.folders.more().unwrap_or_default();
            if events.is_empty() {
                for follower in &mut self.followers {
                    if let Follower::Files(files) = follower {
                        files.all_heard();
                    }
                }
                return;
            }
        }
        let at = self.timeline.now();
        events.iter().for_each(|event| self.heard(event, at));
    }

    fn heard(&mut self, event: &InotifyEvent, at: Moment) {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            self.past.overflows += 1;
            self.look_again();
            return;
        }
        if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            for folder in self.folders.dropped(event.wd) {
                self.reach_again(&folder);
            }
            return;
        }
        let Some(name) = &event.name else { return };
        for folder in self.folders.paths(event.wd) {
            let path = folder.join(name);
            if !event.mask.contains(AddWatchFlags::IN_ISDIR) {
                for follower in &mut self.followers {
                    follower.heard(&path, event, at, &mut self.lateness);
                }
            } else if event.mask.intersects(AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO) {
                self.reach_again(&path);
            } else if event.mask.intersects(AddWatchFlags::IN_MOVED_FROM) {
                self.folders.retain(|watched| !watched.starts_with(&path));
            }
        }
    }

    /// A directory has appeared or gone: whoever looks for something in it, below or through it looks again.
    fn reach_again(&mut self, folder: &Path) {
        for index in 0..self.followers.len() {
            let pattern = self.followers[index].pattern();
            let reached = if pattern.root().starts_with(folder) {
                self.reach(index, Listing::New)
            } else if pattern.reaches_into(folder) {
                let folder = folder.to_path_buf();
                self.list(index, &folder, Listing::New)
            } else {
                Ok(())
            };
            self.past.unwatched += u64::from(reached.is_err());
        }
    }

    /// Notifications were lost: everything is compared with what is known.
    fn look_again(&mut self) {
        for index in 0..self.followers.len() {
            let reached = self.reach(index, Listing::New);
            self.past.unwatched += u64::from(reached.is_err());
            if let Follower::Lines(lines) = &mut self.followers[index] {
                lines.touch_all();
            }
        }
    }

    /// Lets go of followers that nobody listens to, and of what was watched for them alone.
    fn let_go(&mut self) {
        if !self.followers.iter().any(Follower::is_closed) {
            return;
        }
        let (gone, kept): (Vec<Follower>, Vec<Follower>) =
            std::mem::take(&mut self.followers).into_iter().partition(Follower::is_closed);
        self.followers = kept;
        gone.iter().for_each(|follower| count(&mut self.past, follower));
        let followers = &self.followers;
        self.folders.retain(|folder| followers.iter().any(|follower| follower.wants(folder)));
    }

    fn health(&self) -> Health {
        let mut health = self.past;
        self.followers.iter().for_each(|follower| count(&mut health, follower));
        health.lateness = self.lateness.summary();
        health.folders = self.folders.len();
        health
    }
}

async fn sleep_until(until: Option<Instant>) {
    if let Some(until) = until {
        tokio::time::sleep_until(until).await;
    }
}

fn count(health: &mut Health, follower: &Follower) {
    match follower {
        Follower::Lines(lines) => {
            health.cut += lines.cut;
            health.truncations += lines.truncations;
            health.unread += lines.unread;
        }
        Follower::Files(files) => health.missed += files.missed,
    }
}
