//! Whether anyone has a file open for writing.
//!
//! A file that is found by listing a new directory may be finished or not: where it was closed before the
//! directory was watched, no notification tells. A read lease (`fcntl(2)`, `F_SETLEASE`) is given only while
//! nobody has the file open for writing; it is handed back at once.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::libc;

/// From `asm-generic/fcntl.h`: which signal a lease's holder gets.
const F_SETSIG: libc::c_int = 10;

/// Whether `path` is open for writing somewhere. False as well where it cannot be told: another user's file,
/// a file system without leases.
pub fn is_being_written(path: &Path) -> bool {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC);
    options.open(path).is_ok_and(|file| refused_for_a_writer(&file))
}

fn refused_for_a_writer(file: &File) -> bool {
    let descriptor = file.as_raw_fd();
    // SAFETY: the descriptor belongs to `file`, which outlives the calls; these commands take an integer and
    // touch no memory of ours. Should a writer come while the lease is held, the kernel sends the signal
    // chosen first: SIGURG, which is ignored unless someone asked for it, instead of the deadly SIGIO.
    unsafe {
        if libc::fcntl(descriptor, F_SETSIG, libc::SIGURG) == -1 {
            return false;
        }
        if libc::fcntl(descriptor, libc::F_SETLEASE, libc::F_RDLCK) == -1 {
            return std::io::Error::last_os_error().raw_os_error() == Some(libc::EAGAIN);
        }
        libc::fcntl(descriptor, libc::F_SETLEASE, libc::F_UNLCK);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_is_seen_until_it_closes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let writer = File::create(&path).unwrap();
        assert!(is_being_written(&path));
        drop(writer);
        assert!(!is_being_written(&path));
        let _reader = File::open(&path).unwrap();
        assert!(!is_being_written(&path));
        assert!(!is_being_written(&folder.path().join("missing")));
    }
}
