//! Links: a TCP proxy between what talks and what listens, and the faults it can be given.

#[cfg(target_os = "linux")]
pub mod proxy;
pub mod signature;
