//! HTTP: a base address, and requests to it over connections that are kept alive.
//!
//! From the top down: [`client`] asks, `template` writes a request, `connections` has a connection for it,
//! `connection` sends it and reads the answer (`head`, `chunked`, `body`), `transport` carries the bytes.

#[cfg(target_os = "linux")]
mod body;
#[cfg(target_os = "linux")]
mod chunked;
#[cfg(target_os = "linux")]
pub mod client;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod connections;
#[cfg(target_os = "linux")]
mod form;
#[cfg(target_os = "linux")]
mod head;
#[cfg(target_os = "linux")]
mod hyper_error;
#[cfg(target_os = "linux")]
mod settings;
pub mod signature;
#[cfg(target_os = "linux")]
mod template;
#[cfg(target_os = "linux")]
mod transport;
