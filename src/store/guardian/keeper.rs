//! The runner's side: starting the guardian, keeping it informed, replacing it when it is gone.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{BEAT, BEAT_BYTE, DONE_BYTE, GuardianError, READY_LINE, SILENCE_LIMIT, START_LIMIT, SUBCOMMAND};
use crate::kinds::disk::own::Lending;
use crate::kinds::process::reaper::{self, Claim};
use crate::kinds::undo::Identity;

/// How long a guardian that was told "done" may take to end.
const END_LIMIT: Duration = Duration::from_secs(5);
/// Between two looks whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// More than a guardian ever says before it is ready.
const GREETING_LIMIT: usize = 4096;

/// How a guardian is started.
#[derive(Clone, Debug)]
pub struct GuardianProgram {
    pub program: PathBuf,
    /// What stands before the guardian's own arguments.
    pub arguments: Vec<OsString>,
    /// Added to the environment.
    pub environment: Vec<(OsString, OsString)>,
    /// How long the runner may be silent.
    pub silence: Duration,
}

impl Default for GuardianProgram {
    /// This program once more, even if its file was replaced or removed since it was started.
    fn default() -> GuardianProgram {
        GuardianProgram {
            program: PathBuf::from("/proc/self/exe"),
            arguments: vec![SUBCOMMAND.into()],
            environment: Vec::new(),
            silence: SILENCE_LIMIT,
        }
    }
}

/// A guardian that watches this process. Dropped without [`Guardian::finish`], it undoes what the journal still holds
/// as soon as the journal is dropped too or this process ends.
pub struct Guardian {
    program: GuardianProgram,
    journal: PathBuf,
    watching: Watching,
}

struct Watching {
    child: Child,
    beats: ChildStdin,
    _claim: Claim,
}

/// What [`Guardian::tend`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Tended {
    /// The guardian is there.
    Well,
    /// It had ended, and another one watches now.
    Replaced { ended: ExitStatus },
}

impl Guardian {
    /// Starts a guardian over the journal that is to be at this path, and returns when it watches. To be done before
    /// the journal is begun: then there is no moment in which nobody would clear it away.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(journal: &Path) -> Result<Guardian, GuardianError> {
        Guardian::start_with(GuardianProgram::default(), journal)
    }

    /// As [`Guardian::start`], by another program or with another limit.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_with(program: GuardianProgram, journal: &Path) -> Result<Guardian, GuardianError> {
        let journal = journal.to_owned();
        let watching = Watching::start(&program, &journal)?;
        Ok(Guardian { program, journal, watching })
    }

    /// The guardian's process number.
    pub fn pid(&self) -> u32 {
        self.watching.child.id()
    }

    /// Sends a beat and replaces a guardian that has ended. To be called every [`BEAT`]; never blocks but to start
    /// another one.
    ///
    /// # Errors
    /// When the guardian has ended and no other could be started; the next call tries again.
    pub fn tend(&mut self) -> Result<Tended, GuardianError> {
        let ended = self.watching.child.try_wait().map_err(|reason| GuardianError::Start { reason })?;
        let tended = match ended {
            None => Tended::Well,
            Some(ended) => {
                self.watching = Watching::start(&self.program, &self.journal)?;
                Tended::Replaced { ended }
            }
        };
        // A full pipe holds beats enough, and a broken one shows as an ended guardian next time.
        let _ = self.watching.beats.write(&[BEAT_BYTE]);
        Ok(tended)
    }

    /// Tends the guardian every [`BEAT`] for as long as it is polled, and hands on whatever is not [`Tended::Well`].
    /// It belongs on the thread that drives the run: a heartbeat from another one would hide that the run hangs.
    pub async fn keep(&mut self, mut lapse: impl FnMut(Result<Tended, GuardianError>)) {
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            beats.tick().await;
            match self.tend() {
                Ok(Tended::Well) => {}
                other => lapse(other),
            }
        }
    }

    /// Says that nothing is left to undo and waits until the guardian has ended. To be called after
    /// [`Journal::finish`].
    pub fn finish(mut self) {
        let told = self.watching.beats.write_all(&[DONE_BYTE]);
        let deadline = Instant::now() + END_LIMIT;
        while told.is_ok() && Instant::now() < deadline {
            if !matches!(self.watching.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        // It was told and does not listen: stopped, most likely. It has nothing to do any more.
        let _ = self.watching.child.kill();
        let _ = self.watching.child.wait();
    }
}

impl Watching {
    fn start(program: &GuardianProgram, journal: &Path) -> Result<Watching, GuardianError> {
        let failed = |reason| GuardianError::Start { reason };
        let runner =
            Identity::own().ok_or_else(|| failed(io::Error::other("/proc does not show this process")))?;
        let runner = serde_json::to_string(&runner).map_err(|reason| failed(reason.into()))?;
        let mut command = Command::new(&program.program);
        command
            .arg0("soak")
            .args(&program.arguments)
            .arg(journal)
            .arg(runner)
            .arg(program.silence.as_millis().to_string())
            .envs(program.environment.iter().cloned())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // SAFETY: setsid is async-signal-safe, and nothing else happens between fork and exec.
        unsafe {
            command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(io::Error::from));
        }
        // It takes away the run's own disks, should the run not come to it.
        let lending = Lending::begin();
        let spawned = command.spawn();
        drop(lending);
        let mut child = spawned.map_err(failed)?;
        let claim = reaper::claim(child.id());
        let (Some(beats), Some(greeting)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(io::ErrorKind::BrokenPipe.into()));
        };
        let ready = never_block(beats.as_fd())
            .and_then(|()| await_greeting(File::from(OwnedFd::from(greeting))))
            .map_err(failed);
        match ready {
            Ok(true) => Ok(Watching { child, beats, _claim: claim }),
            other => {
                // What it did not come to watch cannot be lost.
                let _ = child.kill();
                let _ = child.wait();
                Err(other.err().unwrap_or(GuardianError::NotReady))
            }
        }
    }
}

fn never_block(pipe: std::os::fd::BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_truncate(fcntl(pipe, FcntlArg::F_GETFL)?);
    fcntl(pipe, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Waits for the line that says the guardian watches; false when it did not come.
fn await_greeting(mut pipe: File) -> io::Result<bool> {
    let deadline = Instant::now() + START_LIMIT;
    let mut said = Vec::new();
    while said.len() < GREETING_LIMIT {
        let left = deadline.saturating_duration_since(Instant::now());
        let patience = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut waited_for = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waited_for, patience) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => continue,
            Err(other) => return Err(other.into()),
        }
        let mut piece = [0; 512];
        let length = pipe.read(&mut piece)?;
        said.extend_from_slice(&piece[..length]);
        if String::from_utf8_lossy(&said).contains(READY_LINE) {
            return Ok(true);
        }
        if length == 0 {
            return Ok(false);
        }
    }
    Ok(false)
}
