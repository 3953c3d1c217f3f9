//! Finds finished files: told by inotify, and by searching for what inotify did not tell of (files from before the
//! start, in a folder that was not watched yet, or beyond a full event queue).
//!
//! Runs on a thread of its own, so that a slow disk holds up the search and not the uploads. A file may be
//! reported twice; whoever listens knows what it has.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use tokio::sync::mpsc;

use super::journal::{Level, log};

/// The folders below HOME/data that are watched, with everything in them.
pub const SOURCES: [&str; 4] = ["terminal", "ros", "ros2", "syslog"];
/// A search takes at most one part in so many of the time: with very many files it comes less often.
const SEARCH_SHARE: u32 = 20;

/// When the file that a search found was seen for the first time as it is now.
struct Growing {
    modified: SystemTime,
    length: u64,
    since: Instant,
}

pub struct Watcher {
    data: PathBuf,
    scan: Duration,
    settle: Duration,
    inotify: Inotify,
    folders: HashMap<WatchDescriptor, PathBuf>,
    watched: HashSet<PathBuf>,
    /// What a search need not look at again.
    reported: HashSet<String>,
    growing: HashMap<String, Growing>,
    found: mpsc::Sender<String>,
}

/// Nobody listens any more: the agent is stopping.
struct Deaf;

impl Watcher {
    /// Makes the source folders and watches them; paths relative to `data` go to `found` once [`Watcher::run`] runs.
    ///
    /// # Errors
    /// When a folder cannot be made or inotify is not to be had.
    pub fn new(
        data: &Path,
        scan: Duration,
        settle: Duration,
        found: mpsc::Sender<String>,
    ) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let mut watcher = Self {
            data: data.to_owned(),
            scan,
            settle,
            inotify,
            folders: HashMap::new(),
            watched: HashSet::new(),
            reported: HashSet::new(),
            growing: HashMap::new(),
            found,
        };
        for source in SOURCES {
            let folder = data.join(source);
            fs::create_dir_all(&folder)?;
            watcher.watch(&folder);
        }
        Ok(watcher)
    }

    /// Watches and searches until nobody listens.
    pub fn run(mut self) {
        let mut next_search = Instant::now();
        loop {
            let now = Instant::now();
            let step = if now >= next_search {
                let outcome = self.search();
                let pause = if self.growing.is_empty() { self.scan } else { self.scan.min(self.settle) };
                next_search = now + pause.max(now.elapsed() * SEARCH_SHARE);
                outcome
            } else {
                self.wait_for_events(next_search - now)
                    .and_then(|events| events.iter().try_for_each(|event| self.heed(event, &mut next_search)))
            };
            if step.is_err() {
                return;
            }
        }
    }

    fn wait_for_events(&mut self, patience: Duration) -> Result<Vec<InotifyEvent>, Deaf> {
        // Rounded up, so that the end of the patience is not met by spinning.
        let millis = u16::try_from(patience.as_millis().saturating_add(1)).unwrap_or(u16::MAX);
        let mut ready = [PollFd::new(self.inotify.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::from(millis)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => log(Level::Error, format_args!("cannot wait for notifications: {error}")),
        }
        match self.inotify.read_events() {
            Ok(events) => Ok(events),
            Err(Errno::EAGAIN) if self.found.is_closed() => Err(Deaf),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn heed(&mut self, event: &InotifyEvent, next_search: &mut Instant) -> Result<(), Deaf> {
        if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
            log(Level::Warn, "notifications were lost; searching");
            *next_search = Instant::now();
        }
        if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            if let Some(folder) = self.folders.remove(&event.wd) {
                self.watched.remove(&folder);
            }
            return Ok(());
        }
        let (Some(folder), Some(name)) = (self.folders.get(&event.wd), &event.name) else { return Ok(()) };
        let path = folder.join(name);
        if event.mask.contains(AddWatchFlags::IN_ISDIR) {
            self.watch(&path);
            // Files may have been written there before the watch stood.
            *next_search = (*next_search).min(Instant::now());
        } else if event.mask.intersects(AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO)
            && let Some(path) = self.name_of(&path)
        {
            self.growing.remove(&path);
            self.report(path)?;
        }
        Ok(())
    }

    /// Looks at every file there is. Only what has not been reported costs more than its name.
    fn search(&mut self) -> Result<(), Deaf> {
        let mut present = HashSet::with_capacity(self.reported.len());
        let mut folders: Vec<PathBuf> = SOURCES.iter().map(|source| self.data.join(source)).collect();
        while let Some(folder) = folders.pop() {
            self.watch(&folder);
            // A folder that vanished has nothing to find.
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => present.extend(self.name_of(&entry.path())),
                    _ => {}
                }
            }
        }
        self.reported.retain(|path| present.contains(path));
        self.growing.retain(|path, _| present.contains(path));
        for path in present {
            if !self.reported.contains(&path)
                && let Ok(metadata) = fs::metadata(self.data.join(&path))
                && self.is_whole(&path, &metadata)
            {
                self.growing.remove(&path);
                self.report(path)?;
            }
        }
        Ok(())
    }

    /// Whether a file has not changed for the time to settle, by its own time stamp or, where the clock cannot be
    /// trusted, by having been looked at twice.
    fn is_whole(&mut self, path: &str, metadata: &Metadata) -> bool {
        let Ok(modified) = metadata.modified() else { return false };
        if modified.elapsed().is_ok_and(|age| age >= self.settle) {
            return true;
        }
        let as_it_is = Growing { modified, length: metadata.len(), since: Instant::now() };
        let before = self.growing.entry(path.to_owned()).or_insert(as_it_is);
        if before.modified != modified || before.length != metadata.len() {
            *before = Growing { modified, length: metadata.len(), since: Instant::now() };
        }
        before.since.elapsed() >= self.settle
    }

    fn report(&mut self, path: String) -> Result<(), Deaf> {
        self.reported.insert(path.clone());
        self.found.blocking_send(path).map_err(|_| Deaf)
    }

    fn watch(&mut self, folder: &Path) {
        if self.watched.contains(folder) {
            return;
        }
        let what = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_ONLYDIR;
        match self.inotify.add_watch(folder, what) {
            Ok(descriptor) => {
                self.folders.insert(descriptor, folder.to_owned());
                self.watched.insert(folder.to_owned());
            }
            // It vanished again, which is none of our business.
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(error) => {
                log(Level::Warn, format_args!("{} is searched, not watched: {error}", folder.display()));
                self.watched.insert(folder.to_owned());
            }
        }
    }

    /// The path relative to the data folder; `None` for what is never uploaded: hidden and temporary files, and names
    /// that are not UTF-8 and so cannot stand in the queue file.
    fn name_of(&self, path: &Path) -> Option<String> {
        let name = path.file_name()?.to_str()?;
        let unfinished = name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part");
        let relative = path.strip_prefix(&self.data).ok()?.to_str()?;
        (!unfinished).then(|| relative.to_owned())
    }
}
