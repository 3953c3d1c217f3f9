//! A disk of soak's own that cannot be written to for a while.
//!
//! One that is faulty refuses itself whatever would write. One in memory is made read-only as a whole, where no file on it is open for writing: the kernel allows it then only. Otherwise it is
//! covered by a view of itself that is read-only: whoever comes by its path finds that one, whoever has a file or a working
//! folder on it keeps what he has. Both are gone with the mount namespace of the run.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use nix::libc;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::faulty::{Fault, FaultyDisk, Sort};
use super::own;

/// A disk that cannot be written to. Nothing is undone by dropping it.
pub struct ReadOnly {
    how: How,
    /// Whether a write of soak's own was refused when it had begun.
    pub refused: bool,
}

enum How {
    /// As a whole.
    Whole,
    /// By a view of it that is read-only.
    Covered,
    /// By the disk itself.
    Faulty(Arc<FaultyDisk>),
}

/// Whether a write of soak's own was refused when it had begun, and before it ended.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub at_first: bool,
    pub at_last: bool,
}

impl ReadOnly {
    /// Makes the disk of soak's own at a folder read-only, which may be a faulty one.
    ///
    /// # Errors
    /// What the kernel says.
    pub(super) fn begin(folder: &Path, faulty: Option<&Arc<FaultyDisk>>) -> io::Result<ReadOnly> {
        let how = match faulty {
            Some(disk) => {
                disk.set(Sort::Readonly, Some(Fault::Readonly)).map_err(io::Error::other)?;
                How::Faulty(Arc::clone(disk))
            }
            None => match whole(folder, true) {
                Ok(()) => How::Whole,
                Err(Errno::EBUSY) => {
                    cover(folder)?;
                    How::Covered
                }
                Err(error) => return Err(error.into()),
            },
        };
        Ok(ReadOnly { how, refused: refuses(folder)? })
    }

    /// Whether files that were open for writing stayed so.
    pub fn covers(&self) -> bool {
        matches!(self.how, How::Covered)
    }

    /// Makes the disk writable again.
    ///
    /// # Errors
    /// What the kernel says, and where it still cannot be written to.
    pub(super) fn end(self, folder: &Path) -> io::Result<Seen> {
        let at_last = refuses(folder)?;
        match &self.how {
            How::Faulty(disk) => {
                disk.set(Sort::Readonly, None).map_err(io::Error::other)?;
            }
            How::Whole => whole(folder, false)?,
            How::Covered => umount2(folder, MntFlags::MNT_DETACH)?,
        }
        if refuses(folder)? {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Ok(Seen { at_first: self.refused, at_last })
    }
}

/// Whether the disk under a folder cannot be written to. What is written is what stands there already: the folder's rights.
///
/// # Errors
/// When the folder cannot be looked at.
pub(super) fn refuses(folder: &Path) -> io::Result<bool> {
    let rights = fs::metadata(folder)?.permissions();
    let written = fs::set_permissions(folder, rights);
    // Whoever is not the folder's owner may be refused for that reason, and is so only where it could be written to.
    Ok(written.is_err_and(|error| error.kind() == io::ErrorKind::ReadOnlyFilesystem))
}

fn whole(folder: &Path, readonly: bool) -> nix::Result<()> {
    let state = if readonly { MsFlags::MS_RDONLY } else { MsFlags::empty() };
    let none = None::<&str>;
    mount(none, folder, none, MsFlags::MS_REMOUNT | own::FLAGS | state, none)
}

/// Of `mount_setattr` (linux/mount.h).
#[repr(C)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// Puts a view of a disk over it that is read-only from its first moment on, on hosts too.
fn cover(folder: &Path) -> io::Result<()> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
    // SAFETY: the path is a text that ends with a zero, and lives until the call is over.
    let view =
        Errno::result(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) })?;
    // SAFETY: the kernel has just given this descriptor to this process, and nobody else knows it.
    let view = unsafe { OwnedFd::from_raw_fd(view as i32) };
    let attributes = Attributes {
        set: libc::MOUNT_ATTR_RDONLY,
        clear: 0,
        propagation: libc::MS_PRIVATE,
        user_namespace: 0,
    };
    // SAFETY: both pointers lead to what lives until the call is over, of the length that is said.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            view.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &attributes,
            size_of::<Attributes>(),
        )
    })?;
    // SAFETY: as above.
    Errno::result(unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            view.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    })?;
    Ok(())
}
