//! The side of the process that strains the machine.

use super::burn::Burning;
use super::eat::Eating;
use super::stall::Stalling;
use super::{Begun, Strain, Strained};
use nix::sys::signal::{SigHandler, Signal, signal};
use serde::Serialize;
use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

/// Exit code of a process that could not begin.
const FAILED: i32 = 1;
/// How often is looked whether memory has to be given back.
const LOOK: Duration = Duration::from_millis(50);

/// Strains the machine as the line on standard input says, until that input ends; returns the exit code.
pub fn main() -> i32 {
    for ignored in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGPIPE] {
        // A signal to the whole group is the run's to answer: it closes the input when it has.
        // SAFETY: ignoring a signal installs no handler, so no code of ours runs at a bad moment.
        let _ = unsafe { signal(ignored, SigHandler::SigIgn) };
    }
    match serve() {
        Ok(()) => 0,
        Err(error) => {
            tell(&Begun::Failed(error.to_string()));
            FAILED
        }
    }
}

fn serve() -> io::Result<()> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let strain: Strain = serde_json::from_str(&line).map_err(io::Error::other)?;
    let ended = end_of_input();
    let strained = match strain {
        Strain::Burn { share } => {
            let burning = Burning::begin(share)?;
            tell(&Begun::Well);
            let _ = ended.recv();
            Strained::Burnt(burning.end())
        }
        Strain::Eat { bytes } => {
            first_to_go()?;
            tell(&Begun::Well);
            Strained::Eaten(eat(bytes, &ended))
        }
        Strain::Stall { folder, reserve } => {
            let stalling = Stalling::begin(&folder, reserve)?;
            tell(&Begun::Well);
            let _ = ended.recv();
            Strained::Stalled(stalling.end())
        }
    };
    tell(&strained);
    Ok(())
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

/// Hears of the end of standard input.
fn end_of_input() -> Receiver<()> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink());
        drop(sender);
    });
    receiver
}

fn tell(what: &impl Serialize) {
    // These are plain values, which always have a form in JSON; a run that is gone hears nothing.
    let mut line = serde_json::to_vec(what).unwrap_or_default();
    line.push(b'\n');
    let mut output = io::stdout().lock();
    let _ = output.write_all(&line).and_then(|()| output.flush());
}
