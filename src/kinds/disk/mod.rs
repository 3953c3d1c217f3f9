//! Disks: a folder that is written to, emptied and measured, and the faults it can be given.

pub mod signature;
//! Disks: a folder that files are written to and deleted from.

#[cfg(target_os = "linux")]
pub mod folder;
