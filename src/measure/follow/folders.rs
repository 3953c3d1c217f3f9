//! The directories that are watched, by descriptor and by path. One directory may be known by several paths.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What every watched directory tells of.
const ALWAYS: AddWatchFlags = AddWatchFlags::IN_CREATE
    .union(AddWatchFlags::IN_MOVED_TO)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_CLOSE_WRITE)
    .union(AddWatchFlags::IN_DELETE_SELF)
    .union(AddWatchFlags::IN_MOVE_SELF)
    .union(AddWatchFlags::IN_ONLYDIR);

/// The inotify instance as something to wait for.
#[derive(Debug)]
struct Descriptor(Inotify);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// All watches of a run.
#[derive(Debug)]
pub struct Folders {
    inotify: AsyncFd<Descriptor>,
    paths: HashMap<WatchDescriptor, Vec<PathBuf>>,
    watches: HashMap<PathBuf, WatchDescriptor>,
}

impl Folders {
    /// Must be called within a tokio runtime.
    pub fn new() -> io::Result<Folders> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        // SAFETY: the descriptor is owned by the instance that is handed over; it stays open, and the same, until
        // that is dropped, which only the `AsyncFd` around it does.
        let inotify = unsafe { AsyncFd::register_with_interest(Descriptor(inotify), Interest::READABLE) }?;
        Ok(Folders { inotify, paths: HashMap::new(), watches: HashMap::new() })
    }

    /// Watches a directory, with every write to its files where `writes` is asked for.
    pub fn watch(&mut self, path: &Path, writes: bool) -> io::Result<()> {
        let mask = if writes { ALWAYS | AddWatchFlags::IN_MODIFY } else { ALWAYS };
        let watch = self.inotify.get_ref().0.add_watch(path, mask)?;
        if let Some(before) = self.watches.insert(path.to_path_buf(), watch)
            && before != watch
        {
            self.detach(before, path);
        }
        let paths = self.paths.entry(watch).or_default();
        if !paths.iter().any(|known| known == path) {
            paths.push(path.to_path_buf());
        }
        Ok(())
    }

    /// Waits until something has happened, and says what. Cancelling loses nothing.
    pub async fn next(&self) -> io::Result<Vec<InotifyEvent>> {
        loop {
            let mut guard = self.inotify.readable().await?;
            let read = guard.try_io(|inotify| inotify.get_ref().0.read_events().map_err(io::Error::from));
            if let Ok(events) = read {
                return events;
            }
        }
    }

    /// What more has happened; nothing once all is told.
    pub fn more(&self) -> io::Result<Vec<InotifyEvent>> {
        match self.inotify.get_ref().0.read_events() {
            Ok(events) => Ok(events),
            Err(Errno::EAGAIN) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The paths by which a watched directory is known.
    pub fn paths(&self, watch: WatchDescriptor) -> Vec<PathBuf> {
        self.paths.get(&watch).cloned().unwrap_or_default()
    }

    /// The kernel has dropped a watch. Gives the paths it was for.
    pub fn dropped(&mut self, watch: WatchDescriptor) -> Vec<PathBuf> {
        let paths = self.paths.remove(&watch).unwrap_or_default();
        for path in &paths {
            if self.watches.get(path) == Some(&watch) {
                self.watches.remove(path);
            }
        }
        paths
    }

    /// Stops watching what is no longer `wanted`.
    pub fn retain(&mut self, wanted: impl Fn(&Path) -> bool) {
        let unwanted: Vec<PathBuf> = self.watches.keys().filter(|path| !wanted(path)).cloned().collect();
        for path in unwanted {
            if let Some(watch) = self.watches.remove(&path) {
                self.detach(watch, &path);
            }
        }
    }

    fn detach(&mut self, watch: WatchDescriptor, path: &Path) {
        let Some(paths) = self.paths.get_mut(&watch) else { return };
        paths.retain(|known| known != path);
        if paths.is_empty() {
            self.paths.remove(&watch);
            // It may be gone already together with its directory; then there is nothing left to stop.
            let _ = self.inotify.get_ref().0.rm_watch(watch);
        }
    }

    /// Whether a directory is watched under this path.
    pub fn watches(&self, path: &Path) -> bool {
        self.watches.contains_key(path)
    }

    /// How many directories are watched.
    pub fn len(&self) -> usize {
        self.paths.len()
    }
}
