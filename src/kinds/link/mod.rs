//! Links: a proxy of TCP or UDP between what talks and what listens, a path between two hosts that packets take, or a
//! real network interface, and the faults they can be given.

#[cfg(target_os = "linux")]
pub mod datagrams;
#[cfg(target_os = "linux")]
pub mod emulator;
#[cfg(target_os = "linux")]
pub mod interface;
pub mod interface_name;
#[cfg(target_os = "linux")]
mod lookout;
#[cfg(target_os = "linux")]
pub mod proxy;
pub mod signature;
