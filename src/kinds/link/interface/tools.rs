//! The programs that know the kernel's rules and queues: nft, tc and ip.
//!
//! They are told what to do in one batch, so that each is started once for a change.

use crate::kinds::undo::{Marker, RunId};
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use thiserror::Error;

/// A program, and the Debian package that brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tool {
    pub program: &'static str,
    pub package: &'static str,
}

/// Why a program did not do what it was told.
#[derive(Debug, Error)]
pub enum ToolError {
    #[error("`{}` is not installed; it comes with the package `{}`", .tool.program, .tool.package)]
    Missing { tool: Tool },
    #[error("`{}` cannot be run: {reason}", .tool.program)]
    Start { tool: Tool, reason: io::Error },
    #[error("`{}` refused: {said}", .tool.program)]
    Refused { tool: Tool, said: String },
}

impl Tool {
    pub const NFT: Tool = Tool { program: "nft", package: "nftables" };
    pub const TC: Tool = Tool { program: "tc", package: "iproute2" };
    pub const IP: Tool = Tool { program: "ip", package: "iproute2" };

    /// Where it is; an ordinary user's path leaves out where these programs are.
    pub fn find(self) -> Option<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
        folders.map(|folder| folder.join(self.program)).find(|file| file.is_file())
    }

    /// Has it read orders, a line each.
    ///
    /// # Errors
    /// When it is missing, or refuses one of them; nft then has carried out none.
    pub fn batch(self, prefix: &Prefix, orders: &str) -> Result<(), ToolError> {
        if self == Tool::NFT {
            return Waiting::start(prefix)?.carry_out(orders);
        }
        self.run(prefix, &["-batch", "-"], orders).map(drop)
    }

    /// Asks it something; what it prints.
    ///
    /// # Errors
    /// When it is missing, or refuses.
    pub fn ask(self, prefix: &Prefix, arguments: &[&str]) -> Result<String, ToolError> {
        self.run(prefix, arguments, "")
    }

    fn run(self, prefix: &Prefix, arguments: &[&str], input: &str) -> Result<String, ToolError> {
        let mut child = self.start(prefix, arguments)?;
        tell(&mut child, input);
        self.ended(child)
    }

    fn start(self, prefix: &Prefix, arguments: &[&str]) -> Result<Child, ToolError> {
        let program = self.find().ok_or(ToolError::Missing { tool: self })?;
        let child = prefix.command(program, arguments).spawn();
        child.map_err(|reason| ToolError::Start { tool: self, reason })
    }

    fn ended(self, child: Child) -> Result<String, ToolError> {
        let output = child.wait_with_output().map_err(|reason| ToolError::Start { tool: self, reason })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("without a word");
        Err(ToolError::Refused { tool: self, said: said.trim_start_matches("Error: ").trim().to_owned() })
    }
}

/// Gives a program all that it is to read.
fn tell(child: &mut Child, input: &str) {
    if let Some(mut stdin) = child.stdin.take() {
        // Who does not read to the end says why on its standard error.
        let _ = stdin.write_all(input.as_bytes());
    }
}

/// An nft that was started and waits for its orders, as to start takes it longer than to carry them out. Dropped, it is ended.
pub struct Waiting(Option<Child>);

impl Waiting {
    /// Starts it.
    ///
    /// # Errors
    /// When it is missing.
    pub fn start(prefix: &Prefix) -> Result<Waiting, ToolError> {
        Tool::NFT.start(prefix, &["-e", "-f", "-"]).map(|child| Waiting(Some(child)))
    }

    /// Itself, where it still waits; somebody may have ended it.
    pub fn still(mut self) -> Option<Waiting> {
        let waits = self.0.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)));
        waits.then_some(self)
    }

    /// Has it read orders, a line each; they are in force when this returns.
    ///
    /// # Errors
    /// When it refuses one of them; it has carried out none then.
    pub fn carry_out(mut self, orders: &str) -> Result<(), ToolError> {
        let Some(mut child) = self.0.take() else { return Ok(()) };
        tell(&mut child, orders);
        // It repeats what it was told when that is in force, and takes longer to end than for all the rest: the kernel has it wait
        // until nothing can meet the old rules any more.
        let repeats = child.stdout.as_mut().is_some_and(|stdout| matches!(stdout.read(&mut [0]), Ok(1)));
        if repeats {
            std::thread::spawn(move || child.wait_with_output());
            return Ok(());
        }
        Tool::NFT.ended(child).map(drop)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// How the programs are started.
#[derive(Clone, Debug, Default)]
pub struct Prefix {
    /// Words before the program's own, which put it somewhere else.
    words: Vec<String>,
    /// Their mark, by which they end with the run: one that outlived it could do what was undone meanwhile.
    run: Option<RunId>,
}

impl Prefix {
    /// For a run, in the network namespace of soak itself.
    pub fn of_run(run: &RunId) -> Prefix {
        Prefix { words: vec![], run: Some(run.clone()) }
    }

    /// In another network namespace, which is there.
    pub fn within(namespace: &Path) -> Prefix {
        Prefix { words: vec!["nsenter".into(), format!("--net={}", namespace.display())], run: None }
    }

    /// In a fresh network namespace, which goes with the program.
    pub fn fresh() -> Prefix {
        let words: &[&str] = if nix::unistd::geteuid().is_root() {
            &["unshare", "--net"]
        } else {
            &["unshare", "--net", "--user", "--map-root-user"]
        };
        Prefix { words: words.iter().map(|word| (*word).to_owned()).collect(), run: None }
    }

    fn command(&self, program: PathBuf, arguments: &[&str]) -> Command {
        let mut command = match self.words.split_first() {
            None => Command::new(program),
            Some((first, more)) => {
                let mut command = Command::new(first);
                command.args(more).arg(program);
                command
            }
        };
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Their words are read, in the one language that is the same everywhere.
        command.env("LC_ALL", "C");
        if let Some(run) = &self.run {
            let marker = Marker { run: run.clone(), process: None };
            command.envs(marker.entries().iter().filter_map(|entry| entry.split_once('=')));
            let runner = nix::unistd::getpid();
            // SAFETY: prctl and getppid are async-signal-safe and allocate nothing.
            unsafe {
                command.pre_exec(move || {
                    prctl::set_pdeathsig(Signal::SIGKILL)?;
                    match nix::unistd::getppid() == runner {
                        true => Ok(()),
                        false => Err(io::Error::from_raw_os_error(libc::ESRCH)),
                    }
                });
            }
        }
        command
    }
}
