//! `output` and `succeeds`: the first number a command prints, and whether it exits with 0.
//!
//! A command runs in a process group of its own, which is killed as a whole when its time is up or nobody waits
//! for it any more.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use regex::Regex;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{NoValue, Sample};
use crate::kinds::descriptors;

/// Output beyond this is read and dropped.
const MOST_OUTPUT: u64 = 1 << 20;

/// A command with all it needs.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program and its arguments; no shell is involved.
    pub program: OsString,
    /// One word each.
    pub arguments: Vec<OsString>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Added to the environment: the run's own mark among others.
    pub environment: Vec<(OsString, OsString)>,
    /// After this long it is killed together with all it started.
    pub timeout: Duration,
}

impl Command {
    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }
}

/// What is asked of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The first number of its standard output; none where it fails.
    Output,
    /// Whether it exits with 0; one that does not end in time does not.
    Success,
}

/// A command that is run for each sample.
#[derive(Clone, Debug)]
pub struct CommandSource {
    command: Command,
    wanted: Wanted,
}

impl CommandSource {
    /// A source that has not run it yet.
    pub fn new(command: Command, wanted: Wanted) -> CommandSource {
        CommandSource { command, wanted }
    }

    /// Looks once.
    pub async fn sample(&mut self) -> Sample {
        let ran = tokio::time::timeout(self.command.timeout, run(&self.command)).await;
        match (self.wanted, ran) {
            (Wanted::Success, Ok(Ok((status, _)))) => Sample::Bool(status.success()),
            (Wanted::Success, Err(_)) => Sample::Bool(false),
            (Wanted::Output, Err(_)) => Sample::None(NoValue::Timeout(self.command.timeout)),
            (_, Ok(Err(reason))) => Sample::None(reason),
            (Wanted::Output, Ok(Ok((status, output)))) => {
                let name = self.command.name();
                if !status.success() {
                    return Sample::None(NoValue::Failed(name, status.to_string()));
                }
                first_number(&output).map_or(Sample::None(NoValue::NoNumber(name)), Sample::Number)
            }
        }
    }
}

/// Kills a process group unless its leader has been waited for: until then its number cannot belong to another.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Should the last of them have ended just now, there is nothing left to kill.
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }
}

async fn run(command: &Command) -> Result<(ExitStatus, String), NoValue> {
    let failed = |error: std::io::Error| NoValue::CannotRun(command.name(), error.to_string());
    let mut running = tokio::process::Command::new(&command.program);
    running
        .args(&command.arguments)
        .current_dir(&command.folder)
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    // SAFETY: what is given back is one call of the system, and nothing is allocated between fork and exec.
    unsafe { running.pre_exec(descriptors::give_back()) };
    let mut child = running.spawn().map_err(failed)?;
    let leader = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let mut group = Group(leader);
    let mut output = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        read(&mut stdout, &mut output).await.map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    group.0 = None;
    Ok((status, String::from_utf8_lossy(&output).into_owned()))
}

async fn read(from: &mut (impl AsyncRead + Unpin), output: &mut Vec<u8>) -> std::io::Result<()> {
    from.take(MOST_OUTPUT).read_to_end(output).await?;
    tokio::io::copy(from, &mut tokio::io::sink()).await?;
    Ok(())
}

/// The first decimal number in a text.
pub fn first_number(text: &str) -> Option<f64> {
    static NUMBER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?").ok());
    NUMBER.as_ref()?.find(text)?.as_str().parse().ok()
}
