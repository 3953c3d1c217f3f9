//! The helper's own side: it serves the disk, and takes orders from the run.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::geteuid;

use super::message::{Order, Sort, Told};
use super::served::Served;
use super::session;

/// Exit code of a helper that could not begin.
const FAILED: i32 = 1;

/// Runs a helper; returns its exit code when the run has closed the socket that is its standard input. Its standard output
/// is the kernel's side of the disk, its standard error the folder that the disk lies over.
pub fn main() -> i32 {
    for ignored in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGPIPE] {
        // A signal to the whole group is the run's to answer: it closes the socket when it has.
        // SAFETY: ignoring a signal installs no handler, so no code of ours runs at a bad moment.
        let _ = unsafe { signal(ignored, SigHandler::SigIgn) };
    }
    // Who waits for an answer that never comes waits for ever. Without this process all are told that the disk is gone.
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    if serve().is_ok() { 0 } else { FAILED }
}

fn serve() -> io::Result<()> {
    // Whoever makes a file says which rights it has.
    umask(Mode::empty());
    // Each open file of the disk is one here.
    let _ = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    let mut control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let device = io::stdout().as_fd().try_clone_to_owned()?;
    let below = io::stderr().as_fd().try_clone_to_owned()?;
    let mut orders = BufReader::new(control.try_clone()?);
    let Some(Order::Begin { seed }) = next(&mut orders)? else {
        return Err(io::Error::other("nothing to begin with"));
    };
    let served = Arc::new(Served::new(device, below, seed, geteuid().is_root()));
    session::begin(&served)?;
    session::go_on(&served)?;
    tell(&mut control, Told::Begun)?;
    while let Some(order) = next(&mut orders)? {
        let told = match order {
            Order::Set { sort, fault } => {
                let tally = served.faults.set(sort, fault);
                if (sort, fault) == (Sort::Slow, None) {
                    served.late.hurry();
                }
                Told::Tally(tally)
            }
            Order::Lose => Told::Lost(served.lose()),
            Order::Begin { .. } => Told::Begun,
        };
        tell(&mut control, told)?;
    }
    Ok(())
}

fn next(orders: &mut BufReader<UnixStream>) -> io::Result<Option<Order>> {
    let mut line = Vec::new();
    if orders.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    serde_json::from_slice(&line).map(Some).map_err(io::Error::other)
}

fn tell(control: &mut UnixStream, told: Told) -> io::Result<()> {
    let mut line = serde_json::to_vec(&told)?;
    line.push(b'\n');
    control.write_all(&line)
}
