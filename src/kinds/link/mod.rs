//! Links: a proxy of TCP or UDP between what talks and what listens, or a path between two hosts that packets take, and the faults
//! they can be given.

#[cfg(target_os = "linux")]
pub mod datagrams;
#[cfg(target_os = "linux")]
pub mod emulator;
#[cfg(target_os = "linux")]
pub mod proxy;
pub mod signature;
