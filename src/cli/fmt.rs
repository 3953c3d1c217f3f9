//! `soak fmt`: scenarios in their one form.

use super::file::{self, STDIN};
use super::{Exit, diff, findings, output, scenarios};
use crate::syntax;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct FmtArguments {
    /// Change nothing; name what is not in its form and exit with 1.
    #[arg(long)]
    check: bool,
    /// Change nothing; show what would change and exit with 1 where that is anything.
    #[arg(long)]
    diff: bool,
    /// Scenarios, folders (every .soak file in them and below) and globs; `-` reads standard input and writes standard
    /// output.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Formats all files.
pub fn fmt(arguments: &FmtArguments) -> Exit {
    let meant = scenarios::meant(&arguments.files);
    for problem in &meant.problems {
        output::say(problem);
    }
    let exit = if meant.problems.is_empty() { Exit::Good } else { Exit::Wrong };
    meant.files.iter().fold(exit, |exit, path| exit.worse(fmt_one(path, arguments)))
}

fn fmt_one(path: &Path, arguments: &FmtArguments) -> Exit {
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
    if arguments.diff {
        let text = diff::unified(source.name(), source.text(), &formatted, output::data_style().color);
        return output::data(text.as_bytes(), if changed { Exit::Bad } else { Exit::Good });
    }
    if arguments.check {
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
    match file::replace(path, &formatted) {
        Ok(()) => Exit::Good,
        Err(error) => {
            output::say(&format!("cannot write `{}`: {error}; it is as it was", path.display()));
            Exit::Impossible
        }
    }
}
