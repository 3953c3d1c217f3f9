//! How many connections and files a run may have open.

use nix::sys::resource::{Resource, getrlimit};

use super::{Backend, Found, Need};

pub(super) const BACKEND: Backend = Backend {
    name: "descriptors",
    about: "connections and files that are open at once",
    look,
    needed: |_| Need::None,
};

/// Enough for a load of 50,000 connections through a link.
const PLENTY: u64 = 110_000;

fn look() -> Found {
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((_, hard)) if hard >= PLENTY => Found::good(format!("{hard}")),
        Ok((_, hard)) => Found::less(
            format!("{hard}, of which a connection of a load takes one and one through a link three"),
            format!(
                "raise the hard limit with `ulimit -Hn {PLENTY}` as root, `LimitNOFILE=` of the unit or `--ulimit nofile={PLENTY}` of the container"
            ),
        ),
        Err(error) => Found::less(format!("the limit cannot be read: {error}"), "see `ulimit -Hn`"),
    }
}
