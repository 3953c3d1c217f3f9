//! Disks: a folder that files are written to and deleted from, and the disk it lies on, which can be filled. One of soak's
//! own can do more: be small, read-only, slow, failing and forgetful.

#[cfg(target_os = "linux")]
pub mod ballast;
#[cfg(target_os = "linux")]
pub mod faulty;
#[cfg(target_os = "linux")]
mod file;
#[cfg(target_os = "linux")]
pub mod folder;
#[cfg(target_os = "linux")]
mod hands;
#[cfg(target_os = "linux")]
pub mod inodes;
#[cfg(target_os = "linux")]
pub mod own;
#[cfg(target_os = "linux")]
pub mod readonly;
#[cfg(target_os = "linux")]
pub mod reserve;
pub mod signature;
#[cfg(target_os = "linux")]
pub mod space;
