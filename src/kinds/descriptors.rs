//! How many files, connections among them, a run may have open: as many as the system lets it have, without being asked.
//! What it starts gets what soak itself was given, because some programs take a small limit for granted.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use std::io;
use std::sync::OnceLock;

/// What soak was given, once it has taken more.
static GIVEN: OnceLock<(rlim_t, rlim_t)> = OnceLock::new();

/// Takes all that the system allows. Where it refuses, what cannot be opened is told by what needs it.
pub fn raise() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        let _ = GIVEN.set((soft, hard));
    }
}

/// What a child does before it becomes another program: gives back what soak has taken. It allocates nothing, so that it
/// may stand between fork and exec.
pub fn give_back() -> impl Fn() -> io::Result<()> + Send + Sync + Copy + 'static {
    let given = GIVEN.get().copied();
    move || match given {
        Some((soft, hard)) => setrlimit(Resource::RLIMIT_NOFILE, soft, hard).map_err(io::Error::from),
        None => Ok(()),
    }
}
