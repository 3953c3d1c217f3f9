//! Files without names, for ballast and for ledgers that outgrow memory.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

use nix::libc;

use super::{Backend, Found, Need};

pub(super) const BACKEND: Backend = Backend {
    name: "nameless files",
    about: "ballast of a filled disk is gone with the run, however that ends (O_TMPFILE)",
    look,
    needed: |_| Need::None,
};

fn look() -> Found {
    let folder = std::env::temp_dir();
    let tried = OpenOptions::new().write(true).custom_flags(libc::O_TMPFILE).mode(0o600).open(&folder);
    match tried {
        Ok(_) => Found::good(format!("can be made in `{}`", folder.display())),
        Err(error) => Found::less(
            format!("cannot be made in `{}`: {error}", folder.display()),
            "set TMPDIR to a folder on ext4, xfs, btrfs or tmpfs; elsewhere soak removes the name at once",
        ),
    }
}
