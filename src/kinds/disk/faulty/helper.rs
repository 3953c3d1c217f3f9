//! The helper's own side: it serves the disk, and takes orders from the run.

use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use nix::sys::stat::{Mode, umask};
use nix::unistd::geteuid;

use super::message::{Order, Sort, Told};
use super::served::Served;
use super::session;
use crate::kinds::descriptors;
use crate::kinds::helper::own;

/// Runs a helper; returns its exit code when the run has closed the socket that is its standard input. Its standard output
/// is the kernel's side of the disk, its standard error the folder that the disk lies over.
pub fn main() -> i32 {
    // Who waits for an answer that never comes waits for ever. Without this process all are told that the disk is gone.
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    own::main(serve)
}

fn serve() -> io::Result<()> {
    // Whoever makes a file says which rights it has.
    umask(Mode::empty());
    // Each open file of the disk is one here.
    descriptors::raise();
    let mut control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let device = io::stdout().as_fd().try_clone_to_owned()?;
    let below = io::stderr().as_fd().try_clone_to_owned()?;
    let mut orders = BufReader::new(control.try_clone()?);
    let Some(Order::Begin { seed }) = own::next(&mut orders)? else {
        return Err(io::Error::other("nothing to begin with"));
    };
    let served = Arc::new(Served::new(device, below, seed, geteuid().is_root()));
    session::begin(&served)?;
    session::go_on(&served)?;
    own::tell(&mut control, &Told::Begun)?;
    while let Some(order) = own::next(&mut orders)? {
        let told = match order {
            Order::Set { sort, fault } => {
                let tally = served.faults.set(sort, fault);
                if (sort, fault) == (Sort::Slow, None) {
                    served.late.hurry();
                }
                Told::Tally(tally)
            }
            Order::Lose { torn } => Told::Lost(served.lose(torn)),
            Order::Begin { .. } => Told::Begun,
        };
        own::tell(&mut control, &told)?;
    }
    Ok(())
}
