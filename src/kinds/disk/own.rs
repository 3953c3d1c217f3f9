//! Small disks of soak's own: in memory (tmpfs(5)), mounted in a mount namespace that the run enters before it does
//! anything else, so that whatever it starts sees them and nobody else does.
//!
//! The kernel takes them away with the last process in the namespace. No root is needed: where soak may not make a mount
//! namespace, it makes a user namespace around it, in which everybody is who they were.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::libc;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// What a disk of soak's own is called in the table of mounts.
pub(super) const SOURCE: &str = "soak-disk";
/// How it is mounted.
pub(super) const FLAGS: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);
/// One file takes this much of a disk at least: how many files there can be follows from its size.
const BYTES_A_FILE: u64 = 4096;
/// However small a disk is, so many files can be on it.
const LEAST_FILES: u64 = 64;

/// Moves the calling process, which must have one thread only, into a mount namespace of its own.
///
/// # Errors
/// When the machine forbids it.
pub fn enter() -> io::Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    let own = CloneFlags::CLONE_NEWNS;
    match unshare(own) {
        Err(Errno::EPERM) => {
            unshare(own | CloneFlags::CLONE_NEWUSER)?;
            // A process whose rights have changed is closed to its own kind, and to its guardian.
            nix::sys::prctl::set_dumpable(true)?;
            fs::write("/proc/self/setgroups", "deny")?;
            fs::write("/proc/self/uid_map", format!("{uid} {uid} 1\n"))?;
            fs::write("/proc/self/gid_map", format!("{gid} {gid} 1\n"))?;
        }
        other => other?,
    }
    let none = None::<&str>;
    // What is mounted outside later is to be seen here, and nothing from here outside.
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_SLAVE, none)?;
    Ok(())
}

/// Puts a disk of `size` bytes at a folder. What is in the folder is hidden by it, and untouched. Whose the folder is, and
/// who may do what with it, stays as it is. Must be called behind [`enter`].
///
/// # Errors
/// What the kernel says.
pub fn put(folder: &Path, size: u64) -> io::Result<()> {
    let found = fs::metadata(folder)?;
    let files = (size / BYTES_A_FILE).max(LEAST_FILES);
    let mode = found.mode() & 0o7777;
    let mut options = format!("size={size},nr_inodes={files},mode={mode:o}");
    // In a user namespace nobody else exists who it could belong to.
    if geteuid().is_root() {
        options.push_str(&format!(",uid={},gid={}", found.uid(), found.gid()));
    }
    mount(Some(SOURCE), folder, Some("tmpfs"), FLAGS, Some(options.as_str()))?;
    show_on_hosts(folder)
}

/// Has what is put over a disk later seen on hosts too, which have a mount namespace of their own.
pub(super) fn show_on_hosts(folder: &Path) -> io::Result<()> {
    let none = None::<&str>;
    Ok(mount(none, folder, none, MsFlags::MS_SHARED, none)?)
}

/// Takes away the disks of soak's own that lie below a folder, as far as this process sees them.
pub fn take_away_below(folder: &Path) {
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else { return };
    for point in own_mounts(&mounts).filter(|point| point.starts_with(folder)) {
        // One that cannot be taken away keeps its folder, and whoever removes that tells of it.
        let _ = umount2(&point, MntFlags::MNT_DETACH);
    }
}

/// Takes away the disk of soak's own that a path lies on, which is served no longer.
pub fn take_away_above(path: &Path) {
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else { return };
    // The last one is on top of what else lies at the same place.
    if let Some(point) = own_mounts(&mounts).filter(|point| path.starts_with(point)).last() {
        // As above.
        let _ = umount2(&point, MntFlags::MNT_DETACH);
    }
}

/// Where disks of soak's own are mounted, by a table of mounts (proc_pid_mountinfo(5)).
fn own_mounts(mounts: &str) -> impl Iterator<Item = PathBuf> + '_ {
    mounts.lines().filter_map(|line| {
        let (place, system) = line.split_once(" - ")?;
        let ours = system.split(' ').nth(1) == Some(SOURCE);
        place.split(' ').nth(4).filter(|_| ours).map(|point| PathBuf::from(point.replace("\\040", " ")))
    })
}

/// Lets a process that is started by the calling thread take disks away too, until the guard is dropped.
///
/// A program that is not root's loses its rights when it begins, those in a user namespace of its own as well, but for
/// the ambient ones (capabilities(7)).
pub struct Lending(());

impl Lending {
    pub fn begin() -> Lending {
        if !geteuid().is_root() {
            // Without it the folder below such a disk is removed by the next run, and not at once.
            let _ = lend(true);
        }
        Lending(())
    }
}

impl Drop for Lending {
    fn drop(&mut self) {
        if !geteuid().is_root() {
            let _ = lend(false);
        }
    }
}

#[repr(C)]
struct Header {
    version: u32,
    pid: libc::c_int,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Rights {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Of `capset` and `capget`, with 64 bits in two parts (linux/capability.h).
const VERSION: u32 = 0x2008_0522;
const SYS_ADMIN: u32 = 21;

fn lend(lent: bool) -> nix::Result<()> {
    let mut header = Header { version: VERSION, pid: 0 };
    let mut rights = [Rights::default(); 2];
    // SAFETY: both point to what the kernel fills in, of the form that the version names.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &mut header, rights.as_mut_ptr()) })?;
    let bit = 1 << SYS_ADMIN;
    rights[0].inheritable = if lent { rights[0].permitted & bit } else { 0 };
    // SAFETY: as above; nothing is gained by it that this process does not have.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, &mut header, rights.as_ptr()) })?;
    if lent {
        // SAFETY: a call with plain numbers. Giving up what is inheritable gives up the ambient right as well.
        let raised =
            unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, SYS_ADMIN, 0, 0) };
        Errno::result(raised)?;
    }
    Ok(())
}

/// Takes the steps of a disk of soak's own that a machine may forbid, in a process that ends at once.
///
/// # Errors
/// When one of them is forbidden.
pub fn try_out() -> io::Result<()> {
    let folder = std::env::temp_dir();
    try_steps(move || put(&folder, BYTES_A_FILE * LEAST_FILES))
}

/// Takes steps behind [`enter`] in a process that ends at once.
pub(super) fn try_steps(steps: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> io::Result<()> {
    let mut command = Command::new("/proc/self/exe");
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: the process that is to begin has one thread, and nobody else's lock can be held in it.
    unsafe {
        command.pre_exec(move || {
            enter()?;
            steps()
        });
    }
    command.spawn().and_then(|mut child| child.wait()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_disks_of_soaks_own_are_found() {
        let mounts = "\
36 35 98:0 / / rw,noatime shared:1 - ext4 /dev/root rw
50 36 0:40 / /tmp/soak-1/data rw,nosuid,nodev - tmpfs soak-disk rw,size=1024k
51 36 0:41 / /tmp/soak-1/other rw - tmpfs tmpfs rw
52 36 0:42 / /tmp/a\\040b rw master:3 - tmpfs soak-disk rw
";
        let found: Vec<PathBuf> = own_mounts(mounts).collect();
        assert_eq!(found, [PathBuf::from("/tmp/soak-1/data"), PathBuf::from("/tmp/a b")]);
    }
}
