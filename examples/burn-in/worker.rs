//! The worker of a job system: it takes jobs that appear as files, leaves results as files and tells the core.
//!
//! It is a system under test of its own and knows nothing of soak. `--broken` gives it one of two bugs. Being killed is
//! how it is stopped: whatever it had begun is taken up again when it starts.

#[cfg(target_os = "linux")]
#[path = "worker/main.rs"]
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
    eprintln!("mission-worker: watches folders with inotify, so it runs on Linux only");
    std::process::ExitCode::from(2)
}
