//! Processes that are found, stopped, continued and killed.

use super::{Backend, Found, Need};
use crate::kinds::undo::{Identity, ProcessTable};

pub(super) const BACKEND: Backend = Backend {
    name: "processes",
    about: "processes and all they start are found, paused, throttled and ended",
    look,
    needed: |_| Need::Always,
};

fn look() -> Found {
    let Some(own) = Identity::own() else {
        return Found::missing(
            "/proc does not show this process",
            "mount it with `sudo mount -t proc proc /proc`",
        );
    };
    if let Err(error) = ProcessTable::read() {
        return Found::missing(
            format!("/proc cannot be listed: {error}"),
            "mount it without the option hidepid, or run soak as root",
        );
    }
    match own.open() {
        Ok(_) => Found::good("found in /proc and held by descriptors"),
        Err(error) => Found::less(
            format!("processes cannot be held by descriptors (pidfd_open): {error}"),
            "a kernel of version 5.3 or later has them; soak goes by numbers and start times meanwhile",
        ),
    }
}
