//! A small object store over HTTP: PUT, GET, HEAD and DELETE of files below a folder.
//!
//! An object appears by one rename, so whoever watches the folder sees each write of it as one event, and never half
//! an object. `If-None-Match: *` makes a PUT write only what is not there yet (RFC 9110, section 13.1.2).

#[cfg(target_os = "linux")]
#[path = "store/service.rs"]
mod service;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    service::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("object-store: is built for Linux only");
    std::process::ExitCode::from(2)
}
