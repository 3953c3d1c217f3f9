//! Delays and chance on real interfaces, which only the kernel's own emulator has.

use super::{Backend, Found, degrades_interface};
use crate::kinds::link::interface::{self, NETEM_WORDS};

pub(super) const BACKEND: Backend = Backend {
    name: "netem",
    about: "latency, bursts, copies, damage and disorder on real interfaces",
    look,
    needed: |scenario| degrades_interface(scenario, &NETEM_WORDS),
};

fn look() -> Found {
    match interface::try_netem() {
        Ok(()) => Found::good("the kernel has it"),
        Err(error) => Found::missing(
            format!("the kernel does not give soak netem ({error})"),
            "as root, `modprobe sch_netem` loads it where the kernel has it (on Fedora it comes with `kernel-modules-extra`); a proxy or a \
             link `between` hosts can do the same without it",
        ),
    }
}
