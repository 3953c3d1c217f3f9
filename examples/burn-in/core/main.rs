//! The parts of the core: missions, transitions of the state, and HTTP in front of them.

#[path = "missions.rs"]
mod missions;
#[path = "service.rs"]
mod service;
#[path = "transitions.rs"]
mod transitions;

use crate::shared::Broken;
use crate::shared::home::Home;
use clap::Parser;
use missions::Missions;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::task::LocalSet;
use transitions::Transitions;

/// Takes missions over HTTP and leaves them to a worker.
#[derive(Parser, Debug)]
#[command(name = "mission-core")]
struct Arguments {
    /// Where to listen
    #[arg(long)]
    listen: String,
    /// The folder in which core and worker meet
    #[arg(long)]
    home: PathBuf,
    /// How long a transition waits for the lock of the state
    #[arg(long, default_value = "1s")]
    lock_timeout: humantime::Duration,
    /// A bug to have
    #[arg(long, value_enum, default_value_t = Broken::None)]
    broken: Broken,
}

/// All that a request can be about.
pub struct Core {
    pub missions: Missions,
    pub transitions: Transitions,
}

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = LocalSet::new().block_on(&runtime, run(&arguments));
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &std::io::Error) -> ExitCode {
    eprintln!("mission-core: {error}");
    ExitCode::FAILURE
}

/// A name that nobody else has: the kernel draws it (`random(4)`).
fn unique_id() -> std::io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/uuid")?.trim_end().to_owned())
}

async fn run(arguments: &Arguments) -> std::io::Result<()> {
    let home = Home::at(&arguments.home)?;
    let torn = arguments.broken == Broken::TornState;
    let transitions = Transitions::new(home.clone(), *arguments.lock_timeout, torn);
    transitions.begin().await?;
    let core = Core { missions: Missions::open(home)?, transitions };
    service::serve(&arguments.listen, Rc::new(core)).await
}
