//! File systems in user space, for disks that are slow, failing or forgetful.

use std::fs::OpenOptions;
use std::io::ErrorKind;

use super::{Backend, Found, declares};

pub(super) const BACKEND: Backend = Backend {
    name: "fuse",
    about: "disks that are `faulty`",
    look,
    needed: |scenario| declares(scenario, "disk", &["faulty"]),
};

const DEVICE: &str = "/dev/fuse";

fn look() -> Found {
    match OpenOptions::new().read(true).write(true).open(DEVICE) {
        Ok(_) => Found::good(format!("`{DEVICE}` can be opened")),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Found::missing(
            format!("`{DEVICE}` is kept from this user"),
            "allow it with `sudo chmod 666 /dev/fuse`, or start the container with `--device /dev/fuse`",
        ),
        Err(error) => Found::missing(
            format!("`{DEVICE}` cannot be opened: {error}"),
            "load it with `sudo modprobe fuse`, or start the container with `--device /dev/fuse`",
        ),
    }
}
