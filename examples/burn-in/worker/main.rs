//! The parts of the worker: the folder it watches, the jobs it does, and what it tells the core.

#[path = "jobs.rs"]
mod jobs;
#[path = "reports.rs"]
mod reports;
#[path = "watch.rs"]
mod watch;

use crate::shared::Broken;
use crate::shared::home::Home;
use clap::Parser;
use jobs::Jobs;
use reports::Reports;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Instant;
use watch::Watch;

/// Jobs that are done at the same time.
const THREADS: usize = 4;

/// Takes jobs from a folder and leaves their results in another.
#[derive(Parser, Debug)]
#[command(name = "mission-worker")]
pub struct Arguments {
    /// The core, as `host:port`
    #[arg(long)]
    core: String,
    /// The folder in which core and worker meet
    #[arg(long)]
    home: PathBuf,
    /// How long a job takes
    #[arg(long, default_value = "100ms")]
    work: humantime::Duration,
    /// How often what the core has not heard is sent again
    #[arg(long, default_value = "1s")]
    resync: humantime::Duration,
    /// A bug to have
    #[arg(long, value_enum, default_value_t = Broken::None)]
    broken: Broken,
}

pub fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mission-worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> io::Result<()> {
    let home = Home::at(&arguments.home)?;
    let watch = Watch::of(&home.jobs())?;
    let reports = Reports::new(home.clone(), arguments.core.clone());
    let jobs = Jobs::new(home, reports, *arguments.work, arguments.broken == Broken::DoubleClaim);
    jobs.take_up_again()?;
    let jobs = Arc::new(jobs);
    let (sender, receiver) = mpsc::channel::<String>();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..THREADS {
        let (jobs, receiver) = (Arc::clone(&jobs), Arc::clone(&receiver));
        thread::spawn(move || {
            while let Some(name) = receiver.lock().ok().and_then(|receiver| receiver.recv().ok()) {
                jobs.work_on(&name);
            }
        });
    }
    println!("event-driven mode active");
    let resync = (arguments.broken != Broken::NoResync).then_some(*arguments.resync);
    let mut sent_again = Instant::now();
    loop {
        for name in jobs.waiting()? {
            // The threads live as long as the process.
            let _ = sender.send(name);
        }
        watch.wait(*arguments.resync)?;
        if resync.is_some_and(|every| sent_again.elapsed() >= every) {
            jobs.reports().send_again()?;
            sent_again = Instant::now();
        }
    }
}
