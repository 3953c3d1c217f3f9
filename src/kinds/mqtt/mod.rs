//! MQTT: messages through a broker under test.

#[cfg(target_os = "linux")]
pub mod client;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod opening;
#[cfg(target_os = "linux")]
mod packets;
pub mod signature;
#[cfg(target_os = "linux")]
mod subscription;
