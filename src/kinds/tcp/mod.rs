//! TCP: bytes to and from a service under test.

#[cfg(target_os = "linux")]
pub mod client;
#[cfg(target_os = "linux")]
mod piece;
pub mod signature;
