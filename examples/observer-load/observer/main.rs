//! A market-data observer: it reads one snapshot a line from its standard input, validates it, buffers it and writes it,
//! unchanged, to a JSON-lines file that is rotated.
//!
//! It is a system under test of its own and knows nothing of soak. `--broken` gives it one of three bugs.

#[cfg(target_os = "linux")]
mod service;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    service::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("observer: stops on signals of Linux, so it runs there only");
    std::process::ExitCode::from(2)
}
