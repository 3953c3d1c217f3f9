//! A server from which bots claim jobs, over a PostgreSQL database: `POST /jobs/claim` hands out the oldest pending
//! job, once. Jobs are made so that a stated number is pending, and completed a while after they were claimed.

#[cfg(target_os = "linux")]
#[path = "server/main.rs"]
mod server;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    server::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("job-server: is built for Linux only");
    std::process::ExitCode::from(2)
}
