//! Hosts, and links between them.

use super::{Backend, Found, declares};
use crate::kinds::host;

pub(super) const BACKEND: Backend = Backend {
    name: "networks",
    about: "hosts with networks of their own, and links between them (namespaces, AF_PACKET)",
    look,
    needed: |scenario| declares(scenario, "host", &[]),
};

fn look() -> Found {
    match host::try_out() {
        Ok(()) if nix::unistd::geteuid().is_root() => Found::good("can be made as root"),
        Ok(()) => Found::good("can be made without root, in a user namespace"),
        Err(host::NetworkError::Denied { reason, remedy }) => Found::missing(reason.to_string(), remedy),
        Err(error) => Found::missing(error.to_string(), "run soak where namespaces can be made, or as root"),
    }
}
