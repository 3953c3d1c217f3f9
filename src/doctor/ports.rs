//! How many connections this machine can open to one address.

use std::fs;

use super::{Backend, Found, Need};

pub(super) const BACKEND: Backend = Backend {
    name: "ports",
    about: "connections from this machine to one address and port at once",
    look,
    needed: |_| Need::None,
};

const RANGE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// What Linux has where nobody changed it.
const USUAL: u32 = 28_000;

fn look() -> Found {
    let text = fs::read_to_string(RANGE).unwrap_or_default();
    let mut ends = text.split_whitespace().filter_map(|end| end.parse::<u32>().ok());
    let (Some(first), Some(last)) = (ends.next(), ends.next()) else {
        return Found::less(format!("`{RANGE}` cannot be read"), "mount /proc to know them");
    };
    let count = (last + 1).saturating_sub(first);
    if count >= USUAL {
        return Found::good(format!("{count}, from {first} to {last}"));
    }
    Found::less(
        format!("{count}, from {first} to {last}"),
        "`sudo sysctl net.ipv4.ip_local_port_range=\"1024 65535\"` gives more",
    )
}
