//! Control groups, which soak can do without.

use std::path::Path;

use nix::unistd::{AccessFlags, access};

use super::{Backend, Found, Need};

pub(super) const BACKEND: Backend = Backend {
    name: "control groups",
    about: "the kernel's own limits of processor time; soak throttles by stopping and continuing",
    look,
    needed: |_| Need::None,
};

/// Where a hierarchy is mounted, and what it is called.
const PLACES: [(&str, &str); 3] = [
    ("/sys/fs/cgroup/cgroup.controllers", "version 2"),
    ("/sys/fs/cgroup/unified/cgroup.controllers", "version 2, beside version 1"),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "version 1"),
];

fn look() -> Found {
    let there = PLACES.iter().find(|(mark, _)| Path::new(mark).exists());
    let Some((mark, version)) = there else {
        return Found::less("none are mounted", "nothing has to be done: no scenario needs them");
    };
    let folder = Path::new(mark).parent().unwrap_or(Path::new("/"));
    match access(folder, AccessFlags::W_OK) {
        Ok(()) => Found::good(format!("{version}, can be written")),
        Err(_) => Found::less(
            format!("{version}, kept from this user"),
            "nothing has to be done: no scenario needs them",
        ),
    }
}
