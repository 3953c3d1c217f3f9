//! `soak rehearse`: what a run would do and when, step by step, with nothing done.

use super::check::{self, Params};
use super::{Exit, output};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct RehearseArguments {
    /// The scenario; `-` is standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub params: Params,
    /// Draw the random choices of a run with this seed.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// The forms of a rehearsal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: a line a step.
    Text,
    /// For programs: the event log, one JSON object a line.
    Json,
}

/// Rehearses a scenario.
pub fn rehearse(arguments: &RehearseArguments) -> Exit {
    let (sources, scenario) =
        match check::scenario(&arguments.file, &arguments.params, "nothing was rehearsed") {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
    perform(arguments, &scenario, &sources)
}

#[cfg(not(target_os = "linux"))]
fn perform(
    _arguments: &RehearseArguments,
    _scenario: &crate::check::scenario::Scenario,
    _sources: &crate::source::Sources,
) -> Exit {
    output::say("soak rehearses scenarios on Linux only; here it checks, formats, plans and reports");
    Exit::Impossible
}

#[cfg(target_os = "linux")]
fn perform(
    arguments: &RehearseArguments,
    scenario: &crate::check::scenario::Scenario,
    sources: &crate::source::Sources,
) -> Exit {
    use crate::event::Event;
    use crate::run::Ending;
    use crate::ui::Rehearsal;
    use std::io::{self, IsTerminal};

    // Where the file lies is no part of the rehearsal.
    let file = arguments.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let file = file.filter(|name| name != super::file::STDIN).unwrap_or(super::file::STDIN_NAME.into());
    let style = output::data_style();
    // A file keeps whole lines.
    let terminal = io::stdout().is_terminal().then(output::data_columns).flatten();
    let mut text = Rehearsal::new(style, terminal);
    let mut stream = output::Stream::begin();
    let mut sink = |event: Event| match arguments.format {
        Format::Text => stream.write(text.lines(&event).as_bytes()),
        // Every event is an object of numbers and texts, which can be written.
        Format::Json => stream.write(&serde_json::to_vec(&event).map(ended).unwrap_or_default()),
    };
    let outcome = crate::run::rehearse(scenario, sources, arguments.seed, file, &mut sink);
    let exit = match outcome.ending {
        Ending::Failed(why) => {
            output::say(&format!("{}: {why}", sources.files()[0].name()));
            Exit::Impossible
        }
        Ending::Finished | Ending::Required(_) | Ending::Interrupted(_) => Exit::Good,
    };
    stream.finish(exit)
}

#[cfg(target_os = "linux")]
fn ended(mut line: Vec<u8>) -> Vec<u8> {
    line.push(b'\n');
    line
}
