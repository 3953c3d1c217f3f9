//! Units of systemd, for processes that soak did not start.

use super::{Backend, Found, declares};
use crate::kinds::undo::output_of;

pub(super) const BACKEND: Backend = Backend {
    name: "units",
    about: "processes that are units of systemd (systemctl)",
    look,
    needed: |scenario| declares(scenario, "process", &["unit"]),
};

fn look() -> Found {
    match output_of(&["systemctl", "show", "--property=Version", "--value"]) {
        Ok(version) => Found::good(format!("systemd {} answers", version.trim())),
        Err(reason) => Found::missing(
            format!("systemd does not answer ({reason})"),
            "declare the process by `pidfile` or `match` where systemd does not run it",
        ),
    }
}
