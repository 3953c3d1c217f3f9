//! Starting a program so that it can be found and ended whatever it does.

use std::io;
use std::path::Path;
use std::process::Stdio;

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{getpid, getppid, gettid, setsid};
use tokio::process::{Child, Command};

use crate::kinds::descriptors;
use crate::kinds::host::hosts::Place;
use crate::kinds::undo::{MARK_PROCESS, MARK_RUN, Marker};

/// A program to be started.
pub(super) struct Start<'a> {
    /// The file, found already.
    pub program: &'a Path,
    /// The words of the command, the first being the name the program sees itself under.
    pub words: &'a [String],
    pub environment: &'a [(String, String)],
    pub folder: &'a Path,
    pub marker: &'a Marker,
    /// The host on whose network it runs, where it is one.
    pub place: Option<&'a Place>,
}

/// What of the program's standard streams soak wants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    Piped,
    Nothing,
}

/// Starts the program in a session of its own, with the run's mark in its environment. It dies with soak where that
/// can be had: the kernel ties it to the *thread* that starts it, so only the main thread will do.
pub(super) fn start(start: &Start<'_>, streams: Streams) -> io::Result<Child> {
    let stream = || if streams == Streams::Piped { Stdio::piped() } else { Stdio::null() };
    let mut command = Command::new(start.program);
    command
        .args(start.words.iter().skip(1))
        .envs(start.environment.iter().map(|(name, value)| (name, value)))
        .env(MARK_RUN, start.marker.run.as_str())
        .current_dir(start.folder)
        .stdin(stream())
        .stdout(stream())
        .stderr(stream())
        .kill_on_drop(true);
    if let Some(name) = start.words.first() {
        command.arg0(name);
    }
    match &start.marker.process {
        Some(process) => command.env(MARK_PROCESS, process),
        None => command.env_remove(MARK_PROCESS),
    };
    if let Some(place) = start.place {
        let entrance = place.entrance(start.folder)?;
        // SAFETY: entering namespaces allocates nothing and takes no lock. It comes before the kernel is asked to end
        // the process with soak, which it forgets when somebody becomes another.
        unsafe { command.pre_exec(entrance) };
    }
    let runner = getpid();
    let dies_with_runner = gettid() == runner;
    let give_back = descriptors::give_back();
    // SAFETY: setsid, setrlimit, prctl and getppid are async-signal-safe, and nothing is allocated between fork and exec.
    unsafe {
        command.pre_exec(move || {
            setsid()?;
            give_back()?;
            if dies_with_runner {
                prctl::set_pdeathsig(Signal::SIGKILL)?;
                // The runner may have died before the line above: then nobody sends that signal any more.
                if getppid() != runner {
                    return Err(nix::errno::Errno::ESRCH.into());
                }
            }
            Ok(())
        });
    }
    command.spawn()
}
