//! `soak fmt`: scenarios in their one form.

use super::file::{self, STDIN};
use super::{Exit, findings, output};
use crate::syntax;
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct FmtArguments {
    /// Change nothing; name what is not in its form and exit with 1.
    #[arg(long)]
    check: bool,
    /// The scenarios; `-` reads standard input and writes standard output.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Formats all files.
pub fn fmt(arguments: &FmtArguments) -> Exit {
    let one = |exit: Exit, path: &PathBuf| exit.worse(fmt_one(path, arguments.check));
    arguments.files.iter().fold(Exit::Good, one)
}

fn fmt_one(path: &Path, check: bool) -> Exit {
    let sources = match file::load(path) {
        Ok(sources) => sources,
        Err(error) => {
            output::say(&error.to_string());
            return Exit::Wrong;
        }
    };
    let source = &sources.files()[0];
    let parsed = syntax::parse(source);
    let Some(formatted) = syntax::format(source, &parsed) else {
        findings::show(&sources, &parsed.diagnostics);
        let name = source.name();
        output::say(&format!("{name} stays as it is: what cannot be read cannot be written again"));
        return Exit::Wrong;
    };
    let changed = formatted != source.text();
    if check {
        return if changed {
            output::data(format!("{}\n", source.name()).as_bytes(), Exit::Bad)
        } else {
            Exit::Good
        };
    }
    if path.as_os_str() == STDIN {
        return output::data(formatted.as_bytes(), Exit::Good);
    }
    if !changed {
        return Exit::Good;
    }
    match replace(path, formatted.as_bytes()) {
        Ok(()) => Exit::Good,
        Err(error) => {
            output::say(&format!("cannot write `{}`: {error}; it is as it was", path.display()));
            Exit::Impossible
        }
    }
}

/// Puts a new text in a file's place at once, so that a full disk or a power cut leaves the old one.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let path = path.canonicalize()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let permissions = std::fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let written = (|| {
        let mut file = std::fs::File::options().write(true).create_new(true).open(&beside)?;
        file.write_all(text)?;
        file.set_permissions(permissions)?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)
    })();
    if written.is_err() {
        // It may not be there at all; what matters is told.
        let _ = std::fs::remove_file(&beside);
    }
    written
}
