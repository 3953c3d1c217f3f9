//! Bandwidth on real interfaces: queues of the kernel's, one of them on a device of its own.

use super::{Backend, Found, degrades_interface};
use crate::kinds::link::interface::{self, BANDWIDTH};

pub(super) const BACKEND: Backend = Backend {
    name: "bandwidth",
    about: "`degrade bandwidth` on real interfaces (htb, tbf, ifb)",
    look,
    needed: |scenario| degrades_interface(scenario, &[BANDWIDTH]),
};

fn look() -> Found {
    match interface::try_bandwidth() {
        Ok(()) => Found::good("the kernel has the queues that it takes"),
        Err(error) => Found::missing(
            format!("the kernel does not give soak such queues ({error})"),
            "as root, `modprobe -a sch_htb sch_tbf ifb` loads them where the kernel has them; a proxy or a link `between` hosts has a \
             bandwidth without them",
        ),
    }
}
