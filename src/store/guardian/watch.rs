//! The guardian's own side. One thread, no runtime, little memory: it must still work when nothing else does.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, Signal, signal};

use super::{BEAT_BYTE, DONE_BYTE, READY_LINE};
use crate::kinds::undo::Identity;
use crate::store::journal_file;
use crate::store::recover::{self, RecoverError, Recovered};
use crate::store::state_folder::DRAFT_ENDING;

/// Silence is counted in turns of this length, in which the guardian itself was awake: where both processes were
/// frozen together, the time does not count.
const TURN: Duration = Duration::from_secs(1);
/// How long a killed runner may take to be gone, and a journal to be given up by whoever holds it.
const RELEASE_LIMIT: Duration = Duration::from_secs(60);
/// Between two looks at the journal's lock.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// A high one: the guardian sleeps until it has to hurry (setpriority(2)).
const PRIORITY: i32 = -10;
/// Exit code where something was left undone.
const LEFT_UNDONE: i32 = 1;
/// Exit code for arguments that only soak itself gives.
const WRONG_ARGUMENTS: i32 = 2;

/// What stops a program that does not ask not to be. SIGKILL and SIGSTOP remain: the runner replaces a killed guardian.
const IGNORED: [Signal; 9] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGPIPE,
    Signal::SIGTSTP,
    Signal::SIGTTIN,
    Signal::SIGTTOU,
    Signal::SIGUSR1,
];

/// Why the guardian stops watching.
enum End {
    /// The runner said that nothing is left to undo.
    Done,
    /// The runner is dead, or it is alive and has given up its journal.
    Left,
}

struct Watched {
    journal: PathBuf,
    runner: Identity,
    silence: Duration,
}

/// Runs the guardian with the arguments that follow the subcommand; returns its exit code. To be called before
/// anything else is set up: it wants no thread and no runtime beside it.
pub fn main(arguments: &[OsString]) -> i32 {
    let Some(watched) = Watched::from_arguments(arguments) else {
        say("soak: the guardian is started by `soak run` only");
        return WRONG_ARGUMENTS;
    };
    for ignored in IGNORED {
        // SAFETY: ignoring a signal installs no handler, so no code of ours runs at a bad moment. It cannot fail
        // for these signals, and where it did the guardian would merely be easier to end.
        let _ = unsafe { signal(ignored, SigHandler::SigIgn) };
    }
    // The last process to be taken when memory runs out; takes privileges, and is worth a try without.
    let _ = fs::write("/proc/self/oom_score_adj", "-900");
    // On a machine that a fault, or the system under test, keeps busy it comes before others; as above.
    // SAFETY: a call with plain numbers; 0 is this process.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, PRIORITY) };
    // No descriptor: dead already, which the first turn finds, or an old kernel, where the pipe tells.
    let death = watched.runner.open().ok();
    // Where nobody reads it, the runner is gone already, and the first turn finds that.
    let _ = writeln!(io::stdout(), "{READY_LINE}").and_then(|()| io::stdout().flush());
    match watched.watch(death.as_ref()) {
        End::Done => 0,
        End::Left => report(watched.undo()),
    }
}

impl Watched {
    fn from_arguments(arguments: &[OsString]) -> Option<Watched> {
        let [journal, runner, silence] = arguments else { return None };
        Some(Watched {
            journal: PathBuf::from(journal),
            runner: serde_json::from_str(runner.to_str()?).ok()?,
            silence: Duration::from_millis(silence.to_str()?.parse().ok()?),
        })
    }

    fn watch(&self, death: Option<&OwnedFd>) -> End {
        let mut silent = Duration::ZERO;
        let mut pipe_is_open = true;
        loop {
            if silent >= self.silence {
                if self.is_debugged() {
                    silent = Duration::ZERO;
                } else {
                    self.kill_runner();
                    return End::Left;
                }
            }
            match self.wait(death, pipe_is_open) {
                Turn::Beat => silent = Duration::ZERO,
                Turn::Silent => silent += TURN,
                Turn::Closed => {
                    pipe_is_open = false;
                    silent += LOOK_AGAIN;
                }
                Turn::Done => return End::Done,
                Turn::Dead => return End::Left,
            }
            // A runner that closed the pipe is ending, or has dropped its guardian. Its journal's lock tells when
            // it will apply nothing more.
            if !pipe_is_open && (!self.runner.lives() || is_given_up(&self.journal)) {
                return End::Left;
            }
        }
    }

    /// Waits for one turn at most.
    fn wait(&self, death: Option<&OwnedFd>, pipe_is_open: bool) -> Turn {
        let input = io::stdin();
        let mut watched = Vec::with_capacity(2);
        if let Some(death) = death {
            watched.push(PollFd::new(death.as_fd(), PollFlags::POLLIN));
        }
        if pipe_is_open {
            watched.push(PollFd::new(input.as_fd(), PollFlags::POLLIN));
        }
        let turn = if pipe_is_open { TURN } else { LOOK_AGAIN };
        let found = poll(&mut watched, PollTimeout::try_from(turn).unwrap_or(PollTimeout::ZERO));
        let happened =
            |one: Option<&PollFd>| one.and_then(PollFd::revents).is_some_and(|what| !what.is_empty());
        match found {
            Ok(count) if count > 0 => {}
            _ if pipe_is_open => {
                return if self.runner.lives() { Turn::Silent } else { Turn::Dead };
            }
            _ => return Turn::Closed,
        }
        // What the runner said before it died comes first: it may have been "done".
        if pipe_is_open && happened(watched.last()) {
            return read_beats();
        }
        Turn::Dead
    }

    /// Whether someone traces the runner: silent at a breakpoint is not hung.
    fn is_debugged(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.runner.pid)).unwrap_or_default();
        let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        tracer.is_some_and(|pid| pid.trim() != "0")
    }

    fn kill_runner(&self) {
        self.runner.signal(Signal::SIGKILL);
        let deadline = Instant::now() + RELEASE_LIMIT;
        while self.runner.lives() && Instant::now() < deadline {
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Carries the journal out as soon as nobody holds it. Nothing, where somebody else has done so.
    fn undo(&self) -> Result<Option<Recovered>, RecoverError> {
        let deadline = Instant::now() + RELEASE_LIMIT;
        loop {
            let recovered = recover::carry_out(&self.journal)?;
            if recovered.is_some() || !self.journal.exists() || Instant::now() >= deadline {
                self.remove_draft();
                return Ok(recovered);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Watched {
    /// Removes a journal that the runner died over before it had come into its place; nothing was done on its strength.
    fn remove_draft(&self) {
        if !self.runner.lives() {
            // Most often there is none.
            let _ = fs::remove_file(self.journal.with_extension(DRAFT_ENDING));
        }
    }
}

/// What a turn brought.
enum Turn {
    Beat,
    Silent,
    Closed,
    Done,
    Dead,
}

fn read_beats() -> Turn {
    let mut bytes = [0; 256];
    // Past the standard library's buffer, which would hide from `poll` what it holds.
    match nix::unistd::read(io::stdin(), &mut bytes) {
        Ok(0) => Turn::Closed,
        Ok(length) if bytes[..length].contains(&DONE_BYTE) => Turn::Done,
        Ok(length) if bytes[..length].contains(&BEAT_BYTE) => Turn::Beat,
        Ok(_) => Turn::Silent,
        Err(nix::errno::Errno::EINTR) => Turn::Beat,
        Err(_) => Turn::Closed,
    }
}

/// Whether no living run holds the journal.
fn is_given_up(journal: &Path) -> bool {
    !journal.exists() || matches!(journal_file::open_unclaimed(journal), Ok(Some(_)))
}

/// Tells the terminal what was done; after the undoing, since writing may block there.
fn report(undone: Result<Option<Recovered>, RecoverError>) -> i32 {
    match undone {
        Ok(None) => 0,
        Ok(Some(recovered)) => {
            say(&format!("soak: {recovered}"));
            if recovered.kept.is_none() { 0 } else { LEFT_UNDONE }
        }
        Err(error) => {
            say(&format!("soak: {error}"));
            LEFT_UNDONE
        }
    }
}

/// A line on standard error, which may well be gone.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
