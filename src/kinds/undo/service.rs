//! A service that somebody else supervises, and that soak brought down: undone by having it started again.

use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Outcome, UndoError};

/// How long a supervisor may take to do what it is told.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A service by its name with its supervisor. Its JSON form stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// A unit of systemd: of the machine's, or of the user's own.
    Unit { name: String, user: bool },
    /// A container of the tool of that name, such as `docker`.
    Container { name: String, tool: String },
}

impl Service {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Service::Unit { name, .. } | Service::Container { name, .. } => name,
        }
    }

    /// The command that has its supervisor do something with it: `start`, `stop`.
    pub fn words<'a>(&'a self, action: &'a str) -> Vec<&'a str> {
        match self {
            Service::Unit { name, user: false } => vec!["systemctl", action, "--", name],
            Service::Unit { name, user: true } => vec!["systemctl", "--user", action, "--", name],
            Service::Container { name, tool } => vec![tool, action, "--", name],
        }
    }

    /// A property of a unit, as systemd tells it.
    ///
    /// # Errors
    /// When systemd cannot be asked.
    pub fn property(&self, name: &str) -> Result<String, String> {
        let (property, mut words) = (format!("--property={name}"), self.words("show"));
        let place = words.len() - 2;
        words.splice(place..place, [property.as_str(), "--value"]);
        output_of(&words).map(|told| told.trim().to_owned())
    }

    /// Has its supervisor do something with it, and waits until it has.
    ///
    /// # Errors
    /// When the supervisor cannot be asked, refuses, or takes longer than a minute and a half.
    pub fn tell(&self, action: &str) -> Result<(), UndoError> {
        let words = self.words(action);
        let failed = |reason: String| UndoError::Service { command: words.join(" "), reason };
        output_of(&words).map(drop).map_err(failed)
    }
}

/// Tools that manage containers; the first that there is is asked.
pub const CONTAINER_TOOLS: [&str; 2] = ["docker", "podman"];

/// What a command prints, as far as it ends well and in time.
///
/// # Errors
/// What it says on standard error, or why it did not run.
pub fn output_of(words: &[&str]) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("there is no command")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("`{program}` is not installed"),
        _ => error.to_string(),
    })?;
    let deadline = Instant::now() + PATIENCE;
    // What these commands print fits into a pipe.
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("it took longer than {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().lines().next().unwrap_or_default();
    Err(if said.is_empty() { output.status.to_string() } else { said.to_owned() })
}

/// A service that is down because soak brought it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownService {
    pub service: Service,
}

impl DownService {
    /// Starting what runs is nothing to either supervisor. A container that is being stopped runs until it is, which may take ten
    /// seconds, and goes on being stopped when whoever asked for that is gone: another stop waits for the one before it, and is
    /// nothing where that has happened. systemd keeps such orders apart itself.
    pub(super) fn carry_out(&self) -> Result<Outcome, UndoError> {
        if let Service::Container { .. } = self.service {
            self.service.tell("stop")?;
        }
        self.service.tell("start").map(|()| Outcome::Undone)
    }

    pub(super) fn describe(&self) -> String {
        format!("that `{}` was brought down", self.service.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_supervisor_is_asked_in_its_own_words() {
        let unit = |user| Service::Unit { name: "nginx.service".into(), user };
        assert_eq!(unit(false).words("stop"), ["systemctl", "stop", "--", "nginx.service"]);
        assert_eq!(unit(true).words("start"), ["systemctl", "--user", "start", "--", "nginx.service"]);
        let container = Service::Container { name: "db".into(), tool: "podman".into() };
        assert_eq!(container.words("start"), ["podman", "start", "--", "db"]);
    }

    #[test]
    fn what_a_command_says_is_told() {
        assert_eq!(output_of(&["printf", "12"]), Ok("12".into()));
        assert_eq!(output_of(&["sh", "-c", "echo no such unit >&2; exit 4"]), Err("no such unit".into()));
        assert_eq!(output_of(&["soak-no-such-tool"]), Err("`soak-no-such-tool` is not installed".into()));
    }
}
