//! UDP: datagrams to and from a service under test.

#[cfg(target_os = "linux")]
pub mod client;
pub mod signature;
