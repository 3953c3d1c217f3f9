//! Redis: commands to a server under test.

#[cfg(target_os = "linux")]
pub mod client;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod resp;
pub mod signature;
