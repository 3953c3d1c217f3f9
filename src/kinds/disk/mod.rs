//! Disks: a folder that files are written to and deleted from.

#[cfg(target_os = "linux")]
pub mod folder;
pub mod signature;
