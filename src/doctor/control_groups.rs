//! Control groups, which soak can do without.

use super::{Backend, Found, Need};
use crate::kinds::process::control_group::{Version, try_out};

pub(super) const BACKEND: Backend = Backend {
    name: "control groups",
    about: "the kernel's own share of processor time for `throttle`; without it soak stops and continues a process",
    look,
    needed: |_| Need::None,
};

const REMEDY: &str = "nothing has to be done: a throttled process is stopped and continued in turns of 100 ms; \
    run soak as root or in a unit with `Delegate=cpu` to have the kernel do it";

fn look() -> Found {
    match try_out() {
        Ok(Version::One) => Found::good("version 1, a group was made"),
        Ok(Version::Two) => Found::good("version 2, a group was made"),
        Err(None) => Found::less("no group here hands out processor time", REMEDY),
        Err(Some((folder, reason))) => {
            Found::less(format!("no group can be made in `{}`: {reason}", folder.display()), REMEDY)
        }
    }
}
