//! `soak doctor`: what this machine lets soak do, and what a scenario needs of it.

use super::check::Params;
use super::{Exit, output};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// A scenario: what it needs is marked, and decides how this ends; `-` is standard input.
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub params: Params,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Looks at everything that soak builds on, and tells how it stands.
#[cfg(target_os = "linux")]
pub fn doctor(arguments: &DoctorArguments) -> Exit {
    use crate::doctor::{BACKENDS, Found, Need, Standing};
    let scenario = match &arguments.file {
        None => None,
        Some(file) => match super::check::scenario(file, &arguments.params, "nothing was looked at") {
            Ok((_, scenario)) => Some(scenario),
            Err(exit) => return exit,
        },
    };
    let mut exit = Exit::Good;
    let mut text = String::new();
    let mut rows = Vec::new();
    for backend in BACKENDS {
        let needed = scenario.as_ref().map(|scenario| (backend.needed)(scenario) != Need::None);
        let Found { standing, detail, remedy } = (backend.look)();
        if standing == Standing::Missing && needed == Some(true) {
            exit = Exit::Impossible;
        }
        let (mark, word) = match standing {
            Standing::Good => ("+", "good"),
            Standing::Less => ("-", "less"),
            Standing::Missing => ("x", "missing"),
        };
        let wanted = if needed == Some(true) { ", which the scenario needs" } else { "" };
        text.push_str(&format!(
            "{mark} {:15} {detail}{wanted}\n  {:15} for {}\n",
            backend.name, "", backend.about
        ));
        if let Some(remedy) = &remedy {
            text.push_str(&format!("  {:15} {remedy}\n", ""));
        }
        rows.push(serde_json::json!({
            "name": backend.name,
            "about": backend.about,
            "standing": word,
            "detail": detail,
            "remedy": remedy,
            "needed": needed,
        }));
    }
    let page = match arguments.format {
        Format::Text => text,
        Format::Json => format!("{:#}\n", serde_json::json!({ "version": 1, "backends": rows })),
    };
    output::data(page.as_bytes(), exit)
}

/// Elsewhere nothing runs.
#[cfg(not(target_os = "linux"))]
pub fn doctor(_arguments: &DoctorArguments) -> Exit {
    output::say("soak runs scenarios on Linux only; here it checks, formats, plans and reports");
    Exit::Impossible
}
