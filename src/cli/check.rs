//! `soak check`: what is wrong with a scenario.

use super::findings::{self, Format};
use super::{Exit, file, output};
use crate::check::{Checked, DiskFiles, Options};
use crate::source::Sources;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The scenarios; `-` is standard input. Without any: every .soak file of this folder.
    files: Vec<PathBuf>,
    #[command(flatten)]
    params: Params,
    /// Count warnings as mistakes: exit with 1.
    #[arg(long)]
    strict: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Values for parameters.
#[derive(Debug, Args)]
pub struct Params {
    /// Give a parameter of the scenario another value, as in --param duration=24h.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    pub values: Vec<(String, String)>,
}

fn parse_param(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as NAME=VALUE, such as duration=24h".into()),
    }
}

/// Reads and checks a scenario.
///
/// # Errors
/// Where it cannot be read.
pub fn load(path: &Path, params: &Params) -> Result<(Sources, Checked), file::FileError> {
    let mut sources = file::load(path)?;
    let options = Options { params: &params.values, files: &DiskFiles };
    let checked = crate::check::check(&mut sources, &options);
    Ok((sources, checked))
}

/// Checks all files.
pub fn check(arguments: &CheckArguments) -> Exit {
    let files = if arguments.files.is_empty() { here() } else { arguments.files.clone() };
    if files.is_empty() {
        output::say("there is no .soak file in this folder; name one, or let `soak init` write one");
        return Exit::Wrong;
    }
    files.iter().fold(Exit::Good, |exit, path| exit.worse(check_one(path, arguments)))
}

fn check_one(path: &Path, arguments: &CheckArguments) -> Exit {
    let (sources, checked) = match load(path, &arguments.params) {
        Ok(loaded) => loaded,
        Err(error) => {
            output::say(&error.to_string());
            return Exit::Wrong;
        }
    };
    let found = &checked.diagnostics;
    let exit = match (checked.has_errors(), found.is_empty()) {
        (true, _) => Exit::Wrong,
        (false, false) if arguments.strict => Exit::Bad,
        (false, _) => Exit::Good,
    };
    let text = findings::render(&sources, found, arguments.format, output::data_style());
    let exit = output::data(text.as_bytes(), exit);
    if arguments.format == Format::Human {
        let count = findings::count(found).unwrap_or_else(|| "no mistakes".into());
        output::say(&format!("{}: {count}", sources.files()[0].name()));
    }
    exit
}

/// The scenarios of this folder, by name.
fn here() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(".").into_iter().flatten().flatten();
    let is_scenario =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "soak") && path.is_file();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| PathBuf::from(entry.file_name())).filter(is_scenario).collect();
    files.sort();
    files
}
