//! A faulty disk from the run's side: mounted, served by a helper, told what to do, and taken away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::libc;
use nix::mount::{MntFlags, mount, umount2};
use nix::unistd::{getegid, geteuid};
use thiserror::Error;

use super::message::{Fault, Lost, Order, Sort, Tally, Told};
use super::{DEVICE, SUBCOMMAND};
use crate::kinds::disk::own;
use crate::kinds::helper::{self, Helper, HelperError};
use crate::kinds::undo::{Recorder, RunId};

/// How long an order may take to be carried out: what was lost may be much.
const PATIENCE: Duration = Duration::from_secs(60);

/// A faulty disk that is there. Dropping it takes it away; what lies below stays.
pub struct FaultyDisk {
    folder: PathBuf,
    /// The folder that it lies over, as it is without it.
    below: File,
    serving: Mutex<Option<Serving>>,
}

struct Serving {
    control: BufReader<UnixStream>,
    _helper: Helper,
}

/// Why there is no faulty disk, or why it does not do what it is told.
#[derive(Debug, Error)]
pub enum FaultyError {
    #[error("{doing}: {reason}")]
    Make { doing: &'static str, reason: io::Error },
    #[error("the helper process of the disk cannot be started: {0}")]
    Helper(#[from] HelperError),
    #[error("the helper process of the disk has ended, and with it the disk")]
    Ended,
    #[error("the helper process of the disk said nothing it should have said")]
    NoAnswer,
}

impl FaultyDisk {
    /// Puts a faulty disk over a folder. It blocks until it can be used. Must be called behind [`own::enter`].
    ///
    /// # Errors
    /// When this machine forbids it, or the journal cannot be written. Nothing is left then.
    pub fn put(
        folder: &Path,
        seed: u64,
        (run, recorder): (&RunId, &Arc<dyn Recorder>),
    ) -> Result<FaultyDisk, FaultyError> {
        let make = |doing| move |reason| FaultyError::Make { doing, reason };
        let below = File::open(folder).map_err(make("its folder cannot be opened"))?;
        let device = open_device().map_err(make(CANNOT_OPEN))?;
        let (ours, theirs) = UnixStream::pair().map_err(HelperError::Start)?;
        let copy = |file: &File| file.try_clone().map(Stdio::from).map_err(HelperError::Start);
        let stdio = [Stdio::from(OwnedFd::from(theirs)), copy(&device)?, copy(&below)?];
        let helper = Helper::start((SUBCOMMAND, "faulty disk"), (run, recorder), stdio)?;
        mount_at(folder, &below, &device).map_err(make("it cannot be mounted"))?;
        // The disk is gone with the helper from now on.
        drop(device);
        ours.set_read_timeout(Some(PATIENCE)).map_err(HelperError::Start)?;
        let serving = Serving { control: BufReader::new(ours), _helper: helper };
        let disk = FaultyDisk { folder: folder.to_owned(), below, serving: Mutex::new(Some(serving)) };
        match disk.tell(Order::Begin { seed })? {
            Told::Begun => Ok(disk),
            _ => Err(FaultyError::NoAnswer),
        }
    }

    /// The way to what lies below, without the disk's faults, for this process.
    pub fn below(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.below.as_raw_fd()))
    }

    /// Puts a fault into the place of the one of its sort, or takes that away; gives what that one did.
    ///
    /// # Errors
    /// When the helper has ended or does not answer.
    pub fn set(&self, sort: Sort, fault: Option<Fault>) -> Result<Tally, FaultyError> {
        match self.tell(Order::Set { sort, fault })? {
            Told::Tally(tally) => Ok(tally),
            _ => Err(FaultyError::NoAnswer),
        }
    }

    /// Forgets everything that is not synced; `torn` leaves about half of it, sector by sector.
    ///
    /// # Errors
    /// As [`FaultyDisk::set`].
    pub fn lose(&self, torn: bool) -> Result<Lost, FaultyError> {
        match self.tell(Order::Lose { torn })? {
            Told::Lost(lost) => Ok(lost),
            _ => Err(FaultyError::NoAnswer),
        }
    }

    /// Takes the disk away. What lies below is seen at its place then.
    pub fn end(&self) {
        if let Some(serving) = self.serving().take() {
            // It may be gone with its folder already; where it is not, the helper's end makes it useless.
            let _ = umount2(&self.folder, MntFlags::MNT_DETACH);
            drop(serving);
        }
    }

    fn serving(&self) -> MutexGuard<'_, Option<Serving>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, order: Order) -> Result<Told, FaultyError> {
        let mut serving = self.serving();
        let control = &mut serving.as_mut().ok_or(FaultyError::Ended)?.control;
        let mut line = helper::line(&order).map_err(|_| FaultyError::NoAnswer)?;
        control.get_mut().write_all(&line).map_err(|_| FaultyError::Ended)?;
        line.clear();
        match control.read_until(b'\n', &mut line) {
            Ok(0) => Err(FaultyError::Ended),
            Ok(_) => serde_json::from_slice(&line).map_err(|_| FaultyError::NoAnswer),
            Err(_) => Err(FaultyError::NoAnswer),
        }
    }
}

impl Drop for FaultyDisk {
    fn drop(&mut self) {
        self.end();
    }
}

const CANNOT_OPEN: &str = "`/dev/fuse` cannot be opened";

fn open_device() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_CLOEXEC).open(DEVICE)
}

/// Mounts a disk over a folder, for everybody who sees it; the kernel asks at the device.
fn mount_at(folder: &Path, below: &File, device: &File) -> io::Result<()> {
    let mode = below.metadata()?.mode();
    let (device, user, group) = (device.as_raw_fd(), geteuid(), getegid());
    let options = format!(
        "fd={device},rootmode={mode:o},user_id={user},group_id={group},allow_other,default_permissions"
    );
    mount(Some(own::SOURCE), folder, Some("fuse"), own::FLAGS, Some(options.as_str()))?;
    own::show_on_hosts(folder)
}

/// Takes the steps of a faulty disk that a machine may forbid, in a process that ends at once.
///
/// # Errors
/// When one of them is forbidden.
pub fn try_out() -> io::Result<()> {
    let folder = fs::canonicalize(std::env::temp_dir())?;
    own::try_steps(move || mount_at(&folder, &File::open(&folder)?, &open_device()?))
}
