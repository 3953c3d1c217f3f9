//! What a process is told by its declaration, as values.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::error::ProcessError;
use super::probe::Probe;
use crate::kinds::host::hosts::Place;
use crate::kinds::undo::{Marker, Recorder, RunId};
use crate::lang::mask::Mask;
use crate::lang::moment::Timeline;

/// How long a process may take to be ready, unless its declaration says otherwise.
pub const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a process may take to end by itself, unless its declaration says otherwise.
pub const STOP_GRACE: Duration = Duration::from_secs(10);

/// One declared process.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// Its name in the scenario.
    pub name: String,
    /// The program and its arguments, split already.
    pub command: Vec<String>,
    /// Added to the environment of soak itself.
    pub environment: Vec<(String, String)>,
    /// The folder it is started in; relative ones start at the scenario's, which is also the default.
    pub folder: Option<PathBuf>,
    /// When it counts as ready; at once where nothing is said.
    pub ready: Option<Probe>,
    /// How long that may take.
    pub within: Duration,
    /// How long after an exit that nobody asked for, or a kill, it is started again; never where nothing is said.
    pub restart_after: Option<Duration>,
    /// What asks it to end.
    pub stop_signal: Signal,
    /// How long it then has before SIGKILL.
    pub stop_grace: Duration,
    /// The host on whose network it runs; the machine's own where there is none.
    pub place: Option<Place>,
}

impl ProcessOptions {
    /// A process with the defaults of the language.
    pub fn new(name: &str, command: Vec<String>) -> ProcessOptions {
        ProcessOptions {
            name: name.to_owned(),
            command,
            environment: Vec::new(),
            folder: None,
            ready: None,
            within: READY_WITHIN,
            restart_after: None,
            stop_signal: Signal::SIGTERM,
            stop_grace: STOP_GRACE,
            place: None,
        }
    }
}

/// What all processes of a run share.
#[derive(Clone)]
pub struct Surroundings {
    pub run: RunId,
    pub recorder: Arc<dyn Recorder>,
    pub timeline: Timeline,
    /// Where relative paths start.
    pub scenario_folder: PathBuf,
    /// Where captured output goes, one `NAME.log` a process.
    pub output_folder: PathBuf,
    /// What must not stand in the captured output.
    pub mask: Mask,
}

impl Surroundings {
    /// The mark of one process of this run.
    pub fn marker(&self, process: &str) -> Marker {
        Marker { run: self.run.clone(), process: Some(process.to_owned()) }
    }
}

/// A signal by name, with or without `SIG`.
///
/// # Errors
/// When there is none of that name.
pub fn signal_named(name: &str) -> Result<Signal, ProcessError> {
    let upper = name.to_ascii_uppercase();
    let full = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    full.parse().map_err(|_| ProcessError::UnknownSignal { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_go_by_either_name() {
        assert_eq!(signal_named("HUP").unwrap(), Signal::SIGHUP);
        assert_eq!(signal_named("sigusr1").unwrap(), Signal::SIGUSR1);
        assert_eq!(
            signal_named("FOO").unwrap_err().to_string(),
            "`FOO` is no signal; use one of those of `kill -l`, such as HUP or USR1"
        );
    }
}
