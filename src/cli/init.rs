//! `soak init`: a scenario to begin with, which passes `soak check` and runs as it is.

use super::{Exit, output};
use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;

/// What is written.
const STARTER: &str = include_str!("init/starter.soak");

#[derive(Debug, Args)]
pub struct InitArguments {
    /// Where to write it; what is there is not overwritten.
    #[arg(default_value = "scenario.soak")]
    file: PathBuf,
}

/// Writes the starter.
pub fn init(arguments: &InitArguments) -> Exit {
    let name = arguments.file.display();
    let made = std::fs::File::options().write(true).create_new(true).open(&arguments.file);
    let written = made.and_then(|mut file| {
        let written = file.write_all(STARTER.as_bytes()).and_then(|()| file.sync_all());
        if written.is_err() {
            // Half a scenario is of no use; that it could not be written is told.
            let _ = std::fs::remove_file(&arguments.file);
        }
        written
    });
    match written {
        Ok(()) => {
            output::say(&format!("wrote `{name}`; look at it, then `soak run {name}`"));
            Exit::Good
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            output::say(&format!("`{name}` is there already; name another file"));
            Exit::Wrong
        }
        Err(error) => {
            output::say(&format!("cannot write `{name}`: {error}"));
            Exit::Impossible
        }
    }
}
