//! What is known of a process at each moment; a cheap copy for readers.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;

use nix::sys::signal::Signal;

use crate::kinds::undo::Identity;
use crate::lang::moment::Moment;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Exit {
    /// The code, or 128 and the signal's number, as shells have it.
    pub fn code(self) -> i32 {
        match self {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
        }
    }
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Exit {
        match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, Some(signal)) => Exit::Signal(signal),
            // A status that waiting yields is one of the two.
            (None, None) => Exit::Code(status.into_raw()),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(formatter, "exit code {code}"),
            Exit::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(formatter, "ended by {signal}"),
                Err(_) => write!(formatter, "ended by signal {number}"),
            },
        }
    }
}

/// A process as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessState {
    /// Its own process runs; descendants that outlive it do not count.
    pub up: bool,
    /// It runs and its probe holds.
    pub ready: bool,
    /// It is stopped by `pause`.
    pub paused: bool,
    /// It is kept down.
    pub held: bool,
    /// It is down and will be started again by itself.
    pub restarting: bool,
    /// How often its policy started it again; starts that were asked for do not count.
    pub restarts: u64,
    /// How it last ended.
    pub exit: Option<Exit>,
    /// The process, while it is up.
    pub identity: Option<Identity>,
    /// Since when `up` is what it is.
    pub since: Moment,
    /// Why the last attempt to start it again failed.
    pub trouble: Option<Arc<str>>,
}

impl ProcessState {
    /// Its number, while it is up.
    pub fn pid(&self) -> Option<i32> {
        self.identity.as_ref().map(|identity| identity.pid)
    }

    /// The code of its last exit.
    pub fn exit_code(&self) -> Option<i32> {
        self.exit.map(Exit::code)
    }
}
