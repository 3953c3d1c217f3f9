//! The core of a job system: missions are handed in over HTTP and become files for a worker, and a state machine whose
//! state and history are files too.
//!
//! It is a system under test of its own and knows nothing of soak. `--broken torn-state` gives it a bug.

#[cfg(target_os = "linux")]
#[path = "core/main.rs"]
mod program;
#[cfg(target_os = "linux")]
#[path = "shared/mod.rs"]
mod shared;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    program::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("mission-core: is built for Linux only");
    std::process::ExitCode::from(2)
}
