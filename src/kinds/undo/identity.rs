//! Which process is meant, beyond its number: numbers are given out again, start times within a boot are not.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::process_table::ProcessEntry;

/// One process for all time: no other process ever has the same four values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The kernel's boot id.
    pub boot: String,
    /// The inode of the process-number namespace in which `pid` counts.
    pub namespace: u64,
    /// The process number.
    pub pid: i32,
    /// Clock ticks after boot at which it started: field 22 of `/proc/PID/stat`, see proc_pid_stat(5).
    pub started: u64,
}

/// What became of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The kernel took it.
    Sent,
    /// The process is no more, or its number belongs to another one now.
    Gone,
    /// The process runs as another user.
    NotPermitted,
}

impl Identity {
    /// The process that has this number now; `None` where there is none.
    pub fn of(pid: i32) -> Option<Identity> {
        ProcessEntry::read(pid).map(|entry| Identity::from_parts(pid, entry.started))
    }

    /// The calling process.
    pub fn own() -> Option<Identity> {
        Identity::of(nix::unistd::getpid().as_raw())
    }

    /// A process of this boot and namespace whose number and start time are known already.
    pub fn from_parts(pid: i32, started: u64) -> Identity {
        Identity { boot: boot_id().to_owned(), namespace: pid_namespace(), pid, started }
    }

    /// Whether the number means anything here: the same boot, the same namespace.
    pub fn is_here(&self) -> bool {
        in_this_world(&self.boot, self.namespace)
    }

    /// Whether the process still runs. One that ended and waits to be reaped does not.
    pub fn lives(&self) -> bool {
        self.is_here()
            && ProcessEntry::read(self.pid)
                .is_some_and(|entry| entry.started == self.started && !entry.is_zombie())
    }

    /// Signals this process and no other.
    pub fn signal(&self, signal: Signal) -> Delivery {
        if self.is_here() { deliver(self.pid, self.started, signal) } else { Delivery::Gone }
    }

    /// A descriptor that becomes readable when the process ends.
    ///
    /// # Errors
    /// `NotFound` when it has ended already; otherwise what the kernel said.
    pub fn open(&self) -> io::Result<OwnedFd> {
        let descriptor = pidfd_open(self.pid).map_err(io::Error::from)?;
        if self.lives() { Ok(descriptor) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// Whether numbers noted under this boot and namespace are valid in the calling process.
pub(super) fn in_this_world(boot: &str, namespace: u64) -> bool {
    boot == boot_id() && namespace == pid_namespace()
}

/// Signals the process that has this number and start time. The descriptor is opened before the start time is
/// compared, so the number cannot change hands in between.
pub(super) fn deliver(pid: i32, started: u64, signal: Signal) -> Delivery {
    let descriptor = match pidfd_open(pid) {
        Ok(descriptor) => Some(descriptor),
        Err(Errno::ENOSYS) => None,
        Err(_) => return Delivery::Gone,
    };
    if ProcessEntry::read(pid).is_none_or(|entry| entry.started != started) {
        return Delivery::Gone;
    }
    let sent = match descriptor {
        Some(descriptor) => pidfd_send(&descriptor, signal),
        None => nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal),
    };
    match sent {
        Ok(()) => Delivery::Sent,
        Err(Errno::EPERM) => Delivery::NotPermitted,
        Err(_) => Delivery::Gone,
    }
}

fn pidfd_open(pid: i32) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes two integers and touches no memory of ours.
    let answer = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let number = Errno::result(answer)?;
    let number = i32::try_from(number).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel just made this descriptor (close-on-exec) and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn pidfd_send(descriptor: &OwnedFd, signal: Signal) -> Result<(), Errno> {
    let no_details = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the descriptor is open for the length of the call and a null siginfo is allowed, pidfd_send_signal(2).
    let answer = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            descriptor.as_raw_fd(),
            signal as libc::c_int,
            no_details,
            0,
        )
    };
    Errno::result(answer).map(drop)
}

/// The kernel's boot id; empty where /proc has none, which then equals only itself.
pub(super) fn boot_id() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|text| text.trim().to_owned())
            .unwrap_or_default()
    })
}

/// The inode of the calling process's process-number namespace.
pub(super) fn pid_namespace() -> u64 {
    static NAMESPACE: OnceLock<u64> = OnceLock::new();
    *NAMESPACE.get_or_init(|| fs::metadata("/proc/self/ns/pid").map(|meta| meta.ino()).unwrap_or(0))
}
