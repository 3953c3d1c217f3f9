//! The command line: one file a subcommand, and what they share.

pub mod check;
mod diff;
mod doctor;
mod exit;
mod explain;
mod file;
mod findings;
mod fix;
mod fmt;
mod init;
#[cfg(target_os = "linux")]
mod internal;
mod kinds;
mod output;
pub mod plan;
mod recover;
pub mod rehearse;
mod report;
pub mod run;
mod scenarios;

pub use exit::Exit;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Tests that last: load, faults and what must hold, in one file.
#[derive(Debug, Parser)]
#[command(name = "soak", version, propagate_version = false, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Tell more of what is done, on standard error.
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look for mistakes in scenarios; nothing is started, nothing is opened.
    Check(check::CheckArguments),
    /// Write scenarios in their one form.
    Fmt(fmt::FmtArguments),
    /// Tell what a run would do: how long it takes, what it sends, what it touches.
    Plan(plan::PlanArguments),
    /// Tell a run's steps at their times, with the choices of a seed; nothing is started, nothing is opened.
    Rehearse(rehearse::RehearseArguments),
    /// Run a scenario and judge it.
    Run(run::RunArguments),
    /// Tell what kinds of targets there are, and what one of them can.
    Kinds(kinds::KindsArguments),
    /// Write a scenario to begin with.
    Init(init::InitArguments),
    /// Write the report of a run again, from its record.
    Report(report::ReportArguments),
    /// Tell what this machine lets soak do, and what a scenario needs of it.
    Doctor(doctor::DoctorArguments),
    /// Undo what a run that died has left behind.
    Recover,
    /// Tell what a code means, such as E0203.
    Explain(explain::ExplainArguments),
}

/// Does what the command line asks.
pub fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(code) = internal::main_if_asked() {
        return code;
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody may be reading; there is nobody else to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Wrong.into() } else { Exit::Good.into() };
        }
    };
    let verbose = arguments.verbose;
    match arguments.command {
        Command::Check(arguments) => check::check(&arguments),
        Command::Fmt(arguments) => fmt::fmt(&arguments),
        Command::Plan(arguments) => plan::plan(&arguments),
        Command::Rehearse(arguments) => rehearse::rehearse(&arguments),
        Command::Run(arguments) => run::run(arguments, verbose),
        Command::Kinds(arguments) => kinds::kinds(&arguments),
        Command::Init(arguments) => init::init(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Recover => recover::recover(),
        Command::Explain(arguments) => explain::explain(&arguments),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
