//! HTTP: a base address, and requests to it over connections that are kept alive.

#[cfg(target_os = "linux")]
pub mod client;
#[cfg(target_os = "linux")]
mod connections;
pub mod signature;
