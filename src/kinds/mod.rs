//! The vocabulary: one file or folder a kind, and one list of them.

#[cfg(target_os = "linux")]
pub mod link;
#[cfg(target_os = "linux")]
pub mod process;
#[cfg(target_os = "linux")]
pub mod undo;

pub mod disk;
pub mod http;
#[cfg(target_os = "linux")]
pub mod request;
