//! Disks: a folder that files are written to and deleted from.

#[cfg(target_os = "linux")]
mod file;
#[cfg(target_os = "linux")]
pub mod folder;
#[cfg(target_os = "linux")]
mod hands;
pub mod signature;
