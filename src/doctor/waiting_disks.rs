//! A disk that others can be made to wait for: one that a synced write has to reach.

use nix::sys::statfs::{TMPFS_MAGIC, statfs};

use super::{Backend, Found, tells};

pub(super) const BACKEND: Backend = Backend {
    name: "waiting disks",
    about: "`machine stall disk`: writes that are waited for, on the disk of the scratch folder",
    look,
    needed: |scenario| tells(scenario, "machine", "stall"),
};

fn look() -> Found {
    let folder = std::env::temp_dir();
    match statfs(&folder) {
        Ok(found) if found.filesystem_type() == TMPFS_MAGIC => Found::missing(
            format!("`{}` lies in memory, where no write waits", folder.display()),
            "set TMPDIR to a folder on the disk that is meant",
        ),
        Ok(_) => Found::good(format!("`{}` lies on one", folder.display())),
        Err(error) => Found::missing(
            format!("`{}` cannot be looked at: {error}", folder.display()),
            "set TMPDIR to a folder that is there",
        ),
    }
}
