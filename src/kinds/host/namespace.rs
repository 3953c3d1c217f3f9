//! Namespaces (namespaces(7)) without names: made by this process, held by descriptors.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{getegid, geteuid};

use super::error::NetworkError;

/// The file that names of hosts are looked up in.
const HOSTS: &str = "/etc/hosts";

/// The namespaces that all hosts share.
pub(super) struct Shared {
    /// None where this process may make the others without one.
    pub user: Option<OwnedFd>,
    pub mount: OwnedFd,
}

/// Moves the calling process, which must have one thread only, into namespaces of its own: a network and a mount
/// namespace, in a user namespace where it takes one. In that everybody is who they were.
pub(super) fn enter() -> Result<Shared, NetworkError> {
    let own = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    let (uid, gid) = (geteuid(), getegid());
    let user = match unshare(own) {
        Ok(()) => None,
        Err(Errno::EPERM) => {
            unshare(own | CloneFlags::CLONE_NEWUSER).map_err(|error| NetworkError::denied(error.into()))?;
            let map = |file: &str, line: String| fs::write(format!("/proc/self/{file}"), line);
            let mapped = map("setgroups", "deny".into())
                .and_then(|()| map("uid_map", format!("{uid} {uid} 1\n")))
                .and_then(|()| map("gid_map", format!("{gid} {gid} 1\n")));
            mapped.map_err(NetworkError::denied)?;
            Some(open("user").map_err(NetworkError::denied)?)
        }
        Err(error) => return Err(NetworkError::denied(error.into())),
    };
    let mount = open("mnt").map_err(NetworkError::make("opening a mount namespace"))?;
    Ok(Shared { user, mount })
}

/// The calling thread's namespace of a kind.
fn open(kind: &str) -> io::Result<OwnedFd> {
    Ok(File::open(format!("/proc/thread-self/ns/{kind}"))?.into())
}

/// The calling thread's network.
pub(super) fn network() -> io::Result<OwnedFd> {
    open("net")
}

/// Makes a new network and moves the calling thread into it.
pub(super) fn new_network() -> io::Result<OwnedFd> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    network()
}

/// Moves the calling thread into a network.
pub(super) fn enter_network(network: &OwnedFd) -> io::Result<()> {
    Ok(setns(network, CloneFlags::CLONE_NEWNET)?)
}

/// Puts names into the hosts file that everybody in this mount namespace sees. It has no place on any disk.
pub(super) fn name(hosts: &[(String, IpAddr)], scratch: &Path) -> io::Result<()> {
    let none = None::<&str>;
    // What is mounted outside later is to be seen here, and nothing from here outside.
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none)?;
    let mut text = fs::read_to_string(HOSTS)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for (name, address) in hosts {
        text.push_str(&format!("{address}\t{name}\n"));
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("soak"), scratch, Some("tmpfs"), flags, Some("size=1m,mode=755"))?;
    let file = scratch.join("hosts");
    let named =
        fs::write(&file, text).and_then(|()| Ok(mount(Some(&file), HOSTS, none, MsFlags::MS_BIND, none)?));
    // The file stays mounted where it is to be seen, and the rest goes.
    umount2(scratch, MntFlags::MNT_DETACH)?;
    named
}

/// Where somebody stands: the namespaces to be entered, in this order. Nothing is allocated, so that it can be done
/// between fork and exec.
pub(super) fn stand_in(user: Option<&OwnedFd>, network: &OwnedFd, mount: &OwnedFd) -> io::Result<()> {
    if let Some(user) = user {
        setns(user, CloneFlags::CLONE_NEWUSER)?;
    }
    setns(network, CloneFlags::CLONE_NEWNET)?;
    setns(mount, CloneFlags::CLONE_NEWNS)?;
    Ok(())
}

/// Goes back to a folder, which entering a mount namespace has left. Nothing is allocated.
pub(super) fn go_to(folder: &CString) -> io::Result<()> {
    Ok(nix::unistd::chdir(folder.as_c_str())?)
}
