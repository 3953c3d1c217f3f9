//! The soak program in a folder of its own: `Soak::new().file("a.soak", "…").run(["check", "a.soak"]).code(2)`.

// Each test that shares this uses a part of it.
#![allow(dead_code)]

use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A folder, an environment, and what is typed.
pub struct Soak {
    pub folder: TempDir,
    environment: Vec<(String, String)>,
    input: Vec<u8>,
}

/// What came of a command.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Soak {
    pub fn new() -> Soak {
        Soak { folder: tempfile::tempdir().unwrap(), environment: Vec::new(), input: Vec::new() }
    }

    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Soak {
        std::fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    pub fn with(mut self, variable: &str, value: &str) -> Soak {
        self.environment.push((variable.into(), value.into()));
        self
    }

    pub fn input(mut self, bytes: impl AsRef<[u8]>) -> Soak {
        self.input = bytes.as_ref().to_vec();
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command, its environment known: no colours, no language but what a test asks for.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soak"));
        command.args(arguments).current_dir(self.path());
        for variable in ["NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "COLUMNS", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command.env("XDG_STATE_HOME", self.path()).env("XDG_RUNTIME_DIR", self.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may not read it all, which is what some tests are about.
        let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), &self.input);
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// Checks the exit code; what was said is shown where it is another.
    #[track_caller]
    pub fn code(self, code: i32) -> Ended {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Ended {
        assert!(self.err.contains(text), "no {text:?} in standard error:\n{}", self.err);
        self
    }

    #[track_caller]
    pub fn writes(self, text: &str) -> Ended {
        assert!(self.out.contains(text), "no {text:?} in standard output:\n{}", self.out);
        self
    }

    #[track_caller]
    pub fn writes_nothing(self) -> Ended {
        assert_eq!(self.out, "", "standard error:\n{}", self.err);
        self
    }
}
