//! The side of the process that strains the machine.

use super::burn::Burning;
use super::eat::Eating;
use super::stall::Stalling;
use super::{Begun, Strain, Strained};
use crate::kinds::helper::own;
use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often is looked whether memory has to be given back.
const LOOK: Duration = Duration::from_millis(50);

/// Strains the machine as it is told once, until the run has closed its socket; returns the exit code.
pub fn main() -> i32 {
    own::main(|| {
        let mut run = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        serve(&mut run).or_else(|error| own::tell(&mut run, &Begun::Failed(error.to_string())))
    })
}

fn serve(run: &mut UnixStream) -> io::Result<()> {
    let mut orders = BufReader::new(run.try_clone()?);
    let Some(strain) = own::next(&mut orders)? else {
        return Err(io::Error::other("nothing to begin with"));
    };
    let ended = end_of(orders);
    let strained = match strain {
        Strain::Burn { share } => {
            let burning = Burning::begin(share)?;
            own::tell(run, &Begun::Well)?;
            let _ = ended.recv();
            Strained::Burnt(burning.end())
        }
        Strain::Eat { bytes } => {
            first_to_go()?;
            own::tell(run, &Begun::Well)?;
            Strained::Eaten(eat(bytes, &ended))
        }
        Strain::Stall { folder, reserve } => {
            let stalling = Stalling::begin(&folder, reserve)?;
            own::tell(run, &Begun::Well)?;
            let _ = ended.recv();
            Strained::Stalled(stalling.end())
        }
    };
    own::tell(run, &strained)
}

fn eat(bytes: u64, ended: &Receiver<()>) -> super::Eaten {
    let mut eating = Eating::new(bytes);
    let over = |wait| !matches!(ended.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
    while !over(Duration::ZERO) && eating.take() {}
    while !over(LOOK) {
        eating.yield_some();
    }
    eating.end()
}

/// When memory is short, the kernel ends this process before any other (proc_pid_oom_score_adj(5)).
fn first_to_go() -> io::Result<()> {
    std::fs::write("/proc/self/oom_score_adj", "1000")
}

/// Hears of the end of what the run says.
fn end_of(mut orders: BufReader<UnixStream>) -> Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut orders, &mut io::sink());
        drop(sender);
    });
    receiver
}
