//! The command line.

use clap::{Parser, ValueEnum};

/// Hands out jobs to bots, each once.
#[derive(Parser, Debug)]
#[command(name = "job-server")]
pub struct Arguments {
    /// Where to listen
    #[arg(long)]
    pub listen: String,
    /// The database, as a URL
    #[arg(long)]
    pub database: String,
    /// Connections to the database
    #[arg(long, default_value_t = 16)]
    pub connections: usize,
    /// How long a claim may take, with the wait for a connection
    #[arg(long, default_value = "5s")]
    pub timeout: humantime::Duration,
    /// How long the check of a bot's licence takes, which the database does before each claim
    #[arg(long, default_value = "10ms")]
    pub licence: humantime::Duration,
    /// How long a bot works on a job
    #[arg(long, default_value = "2s")]
    pub work: humantime::Duration,
    /// How often finished jobs are completed and new ones are made
    #[arg(long, default_value = "100ms")]
    pub upkeep: humantime::Duration,
    /// How often bots with jobs that are none are looked for
    #[arg(long, default_value = "1s")]
    pub cleanup: humantime::Duration,
    /// A bug to have
    #[arg(long, value_enum, default_value_t = Broken::None)]
    pub broken: Broken,
}

/// Bugs that a team could have shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Broken {
    /// None
    None,
    /// Looks for a pending job first and takes it afterwards
    Racy,
    /// Nobody looks for bots with jobs that are none
    NoCleanup,
    /// All claims share one connection
    PoolOfOne,
}
