//! An upload agent for a vehicle with poor Wi-Fi: it watches folders for finished log files and puts each of
//! them into an object store, exactly once, whatever happens to the network or to itself.
//!
//! It is a system under test of its own and knows nothing of soak. `--broken` gives it one of three bugs.

#[cfg(target_os = "linux")]
mod agent;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    agent::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("uploader: watches folders with inotify, so it runs on Linux only");
    std::process::ExitCode::from(2)
}
