//! The exit codes.

use crate::event::Verdict;
use crate::event::control::Signal;
use std::process::ExitCode;

/// How soak ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Passed, or nothing to object to.
    Good,
    /// Failed, inconclusive, or a warning where warnings count.
    Bad,
    /// The file or the command line is wrong.
    Wrong,
    /// It could not be carried out.
    Impossible,
    /// Stopped by a signal.
    Stopped(Signal),
}

impl Exit {
    /// Of a run that was judged.
    pub fn of(verdict: Verdict, strict: bool) -> Exit {
        match verdict {
            Verdict::Pass => Exit::Good,
            Verdict::Warn if !strict => Exit::Good,
            Verdict::Warn | Verdict::Fail | Verdict::Inconclusive => Exit::Bad,
        }
    }

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Good => 0,
            Exit::Bad => 1,
            Exit::Wrong => 2,
            Exit::Impossible => 3,
            Exit::Stopped(Signal::Interrupt) => 130,
            Exit::Stopped(Signal::Terminate) => 143,
        }
    }

    /// The worse of two, as when several files are checked.
    pub fn worse(self, other: Exit) -> Exit {
        if other.code() > self.code() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
