//! Whether this machine lets soak make networks of its own: tried in a process that ends at once.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use super::error::NetworkError;

/// Takes the steps of a virtual network that a machine may forbid: namespaces, what is mounted in them, packets.
///
/// # Errors
/// When one of them is forbidden, with what to do about it.
pub fn try_out() -> Result<(), NetworkError> {
    let mut command = Command::new("/proc/self/exe");
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: these are plain calls of the kernel with constant arguments, in a process of one thread.
    unsafe { command.pre_exec(|| Ok(steps()?)) };
    let ended = command.spawn().and_then(|mut child| child.wait());
    ended.map(drop).map_err(NetworkError::denied)
}

fn steps() -> Result<(), Errno> {
    let own = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    match unshare(own) {
        Err(Errno::EPERM) => unshare(own | CloneFlags::CLONE_NEWUSER)?,
        other => other?,
    }
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none)?;
    socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).map(drop)
}
