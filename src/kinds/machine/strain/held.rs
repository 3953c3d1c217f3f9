//! The run's side: a process of soak's own that strains the machine for as long as this is held.

use super::{Begun, SUBCOMMAND, Strain, Strained};
use crate::kinds::undo::{MARK_RUN, RunId};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{getpid, getppid, gettid};
use serde::de::DeserializeOwned;
use std::io;
use std::process::Stdio;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Why the machine could not be strained, or why nothing is known of it.
#[derive(Debug, Error)]
pub enum StrainError {
    #[error("the process that strains the machine could not be started: {0}")]
    Start(io::Error),
    #[error("the machine cannot be strained so: {0}")]
    Refused(String),
    /// Without having told anything.
    #[error("the process that strained the machine was ended, most likely because memory was short")]
    Ended,
}

/// Dropped, the process is killed.
pub struct Held {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Held {
    /// Begins. Dying with the run takes a call on the program's first thread; the end of its input ends it in any case.
    ///
    /// # Errors
    /// When the process cannot be started, or cannot do it.
    pub async fn begin(strain: &Strain, run: &RunId) -> Result<Held, StrainError> {
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(SUBCOMMAND)
            .env(MARK_RUN, run.as_str())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let runner = getpid();
        if gettid() == runner {
            // SAFETY: prctl and getppid are async-signal-safe, and nothing is allocated between fork and exec.
            unsafe {
                command.pre_exec(move || {
                    prctl::set_pdeathsig(Signal::SIGKILL)?;
                    if getppid() != runner {
                        return Err(nix::errno::Errno::ESRCH.into());
                    }
                    Ok(())
                });
            }
        }
        let mut child = command.spawn().map_err(StrainError::Start)?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(StrainError::Start(io::ErrorKind::BrokenPipe.into()));
        };
        let mut output = BufReader::new(output).lines();
        // A plain value, which always has a form in JSON.
        let mut line = serde_json::to_vec(strain).unwrap_or_default();
        line.push(b'\n');
        input.write_all(&line).await.map_err(StrainError::Start)?;
        match next(&mut output).await? {
            Begun::Well => Ok(Held { child, input, output }),
            Begun::Failed(reason) => Err(StrainError::Refused(reason)),
        }
    }

    /// Ends it and gives what came of it.
    ///
    /// # Errors
    /// When the process had been ended by somebody else.
    pub async fn end(self) -> Result<Strained, StrainError> {
        let Held { mut child, input, mut output } = self;
        drop(input);
        let strained = next(&mut output).await;
        let _ = child.wait().await;
        strained
    }
}

async fn next<T: DeserializeOwned>(output: &mut Lines<BufReader<ChildStdout>>) -> Result<T, StrainError> {
    let line = output.next_line().await.ok().flatten().ok_or(StrainError::Ended)?;
    serde_json::from_str(&line).map_err(|_| StrainError::Ended)
}
