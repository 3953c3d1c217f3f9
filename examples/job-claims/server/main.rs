//! The parts of the server: what it is told, its connections, the jobs in the database, and HTTP in front of them.

#[path = "arguments.rs"]
mod arguments;
#[path = "jobs.rs"]
mod jobs;
#[path = "pool.rs"]
mod pool;
#[path = "service.rs"]
mod service;

use arguments::{Arguments, Broken};
use clap::Parser;
use jobs::Jobs;
use pool::Pool;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::task::LocalSet;

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match LocalSet::new().block_on(&runtime, run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("job-server: {error}");
    ExitCode::FAILURE
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let connections = match arguments.broken {
        Broken::PoolOfOne => 1,
        _ => arguments.connections,
    };
    let pool = Pool::new(&arguments.database, connections, *arguments.timeout)?;
    let jobs = Rc::new(Jobs::new(pool, *arguments.licence, arguments.broken == Broken::Racy));
    jobs.make_tables().await?;
    let upkeep = {
        let (jobs, every) = (Rc::clone(&jobs), *arguments.upkeep);
        tokio::task::spawn_local(async move { jobs.keep_up(*arguments.work, every).await })
    };
    if arguments.broken != Broken::NoCleanup {
        let (jobs, every) = (Rc::clone(&jobs), *arguments.cleanup);
        tokio::task::spawn_local(async move { jobs.repair(every).await });
    }
    service::serve(&arguments.listen, jobs).await?;
    upkeep.abort();
    Ok(())
}
