//! HTTP: a base address, and requests to it over connections that are kept alive.
//!
//! From the top down: [`client`] asks, `template` writes a request (with `upload` where a file is its body), `journey`
//! follows redirects, keeps `cookies` and decodes what is compressed (`coding`). A `route` leads to one place: over
//! HTTP/1.1 `connections` has a connection, and `connection` sends the request and reads the answer (`head`, `chunked`,
//! `body`); over HTTP/2 `streams` does both. `way` opens connections, through a proxy where there is one, and `transport`
//! carries the bytes.

#[cfg(target_os = "linux")]
mod body;
#[cfg(target_os = "linux")]
mod chunked;
#[cfg(target_os = "linux")]
pub mod client;
#[cfg(target_os = "linux")]
mod coding;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod connections;
#[cfg(target_os = "linux")]
mod cookies;
#[cfg(target_os = "linux")]
mod form;
#[cfg(target_os = "linux")]
pub(in crate::kinds) mod head;
#[cfg(target_os = "linux")]
mod hyper_error;
#[cfg(target_os = "linux")]
mod journey;
#[cfg(target_os = "linux")]
mod route;
#[cfg(target_os = "linux")]
mod settings;
pub mod signature;
#[cfg(target_os = "linux")]
mod streams;
#[cfg(target_os = "linux")]
mod template;
#[cfg(target_os = "linux")]
mod transport;
#[cfg(target_os = "linux")]
mod upload;
#[cfg(target_os = "linux")]
mod way;
#[cfg(target_os = "linux")]
mod writing;
