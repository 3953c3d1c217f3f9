//! What `soak run` is told.

use crate::cli::check::Params;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct RunArguments {
    /// The scenario; `-` is standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub params: Params,
    /// Draw the same random choices as an earlier run; its report names the seed.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Leave the report here; empty or not there yet. Without it: soak-runs/TIME-SCENARIO.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Run these phases of the story and no others; declarations, setup and cleanup always run.
    #[arg(long, value_name = "PHASE")]
    pub only: Vec<String>,
    /// Leave these phases of the story out.
    #[arg(long, value_name = "PHASE")]
    pub skip: Vec<String>,
    /// Count a warning as a failure.
    #[arg(long)]
    pub strict: bool,
    /// Forbid what the file permits: faults or load beyond what soak made itself, or all commands.
    #[arg(long, value_enum)]
    pub deny: Vec<Deny>,
    /// Keep the scratch folder.
    #[arg(long)]
    pub keep: bool,
}

/// What a run may be forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Faults on what soak did not make.
    Fault,
    /// Load beyond this machine.
    Load,
    /// Commands: `run`, `output`, `succeeds`.
    Run,
}
