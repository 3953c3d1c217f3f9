//! A helper's own side, as all of them have it: signals to the whole group pass it by, and it is told things and tells
//! things as JSON, one value a line, over the socket that is its standard input.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use nix::sys::signal::{SigHandler, Signal, signal};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Exit code of a helper that could not begin.
const FAILED: i32 = 1;

/// Runs a helper's work and gives its exit code, once the run has closed the socket.
pub fn main(serve: impl FnOnce() -> io::Result<()>) -> i32 {
    for ignored in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGPIPE] {
        // A signal to the whole group is the run's to answer: it closes the socket when it has.
        // SAFETY: ignoring a signal installs no handler, so no code of ours runs at a bad moment.
        let _ = unsafe { signal(ignored, SigHandler::SigIgn) };
    }
    if serve().is_ok() { 0 } else { FAILED }
}

/// The next thing that a helper is told; nothing once the run has closed the socket.
///
/// # Errors
/// When it cannot be read or understood.
pub fn next<Order: DeserializeOwned>(orders: &mut BufReader<UnixStream>) -> io::Result<Option<Order>> {
    let mut line = Vec::new();
    if orders.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    serde_json::from_slice(&line).map(Some).map_err(io::Error::other)
}

/// Tells the run something.
///
/// # Errors
/// When the run is gone.
pub fn tell(run: &mut UnixStream, told: &impl Serialize) -> io::Result<()> {
    run.write_all(&super::line(told)?)
}
