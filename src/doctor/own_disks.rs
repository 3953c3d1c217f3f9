//! Small disks of soak's own.

use super::{Backend, Found, declares};
use crate::kinds::disk::own;
use crate::kinds::host;

pub(super) const BACKEND: Backend = Backend {
    name: "small disks",
    about: "disks in memory that only the run sees (a mount namespace, tmpfs)",
    look,
    needed: |scenario| declares(scenario, "disk", &["size", "faulty"]),
};

fn look() -> Found {
    match own::try_out() {
        Ok(()) if nix::unistd::geteuid().is_root() => Found::good("can be made as root"),
        Ok(()) => Found::good("can be made without root, in a user namespace"),
        Err(error) => {
            Found::missing(format!("this machine does not let soak make them ({error})"), host::what_to_do())
        }
    }
}
