//! WebSockets: connections that are opened, talked over and held.

#[cfg(target_os = "linux")]
mod channel;
#[cfg(target_os = "linux")]
pub mod client;
#[cfg(target_os = "linux")]
mod handshake;
pub mod signature;
