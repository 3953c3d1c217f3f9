//! File systems in user space, for disks that are slow, failing or forgetful.

use std::fs::OpenOptions;
use std::io::ErrorKind;

use super::{Backend, Found, declares};
use crate::kinds::disk::faulty;
use crate::kinds::host;

pub(super) const BACKEND: Backend = Backend {
    name: "fuse",
    about: "disks that are `faulty`",
    look,
    needed: |scenario| declares(scenario, "disk", &["faulty"]),
};

fn look() -> Found {
    match OpenOptions::new().read(true).write(true).open(faulty::DEVICE) {
        Ok(_) => match faulty::try_out() {
            Ok(()) => Found::good("can be mounted, seen by the run alone"),
            Err(error) => Found::missing(
                format!("this machine does not let soak mount one ({error})"),
                host::what_to_do(),
            ),
        },
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Found::missing(
            format!("`{}` is kept from this user", faulty::DEVICE),
            "allow it with `sudo chmod 666 /dev/fuse`, or start the container with `--device /dev/fuse`",
        ),
        Err(error) => Found::missing(
            format!("`{}` cannot be opened: {error}", faulty::DEVICE),
            "load it with `sudo modprobe fuse`, or start the container with `--device /dev/fuse`",
        ),
    }
}
