//! Processes under test: started, supervised, faulted, measured, and gone afterwards.
//!
//! A run opens one [`supervision::Supervision`]; each declared process is a [`handle::Process`], a handle to a task
//! that owns the live process and takes orders by message.

pub mod command;
#[cfg(target_os = "linux")]
mod constraining;
#[cfg(target_os = "linux")]
mod constraint;
#[cfg(target_os = "linux")]
pub mod control_group;
#[cfg(target_os = "linux")]
pub mod error;
#[cfg(target_os = "linux")]
pub mod found;
#[cfg(target_os = "linux")]
mod grip;
#[cfg(target_os = "linux")]
pub mod handle;
#[cfg(target_os = "linux")]
mod instance;
#[cfg(target_os = "linux")]
pub mod limit;
#[cfg(target_os = "linux")]
mod log_file;
#[cfg(target_os = "linux")]
pub mod options;
#[cfg(target_os = "linux")]
pub mod output;
#[cfg(target_os = "linux")]
mod pausing;
#[cfg(target_os = "linux")]
pub mod probe;
#[cfg(target_os = "linux")]
pub mod program;
#[cfg(target_os = "linux")]
pub mod reading;
#[cfg(target_os = "linux")]
pub mod reaper;
pub mod signature;
#[cfg(target_os = "linux")]
pub mod skew;
#[cfg(target_os = "linux")]
mod spawn;
#[cfg(target_os = "linux")]
pub mod state;
#[cfg(target_os = "linux")]
mod stdin;
#[cfg(target_os = "linux")]
pub mod supervision;
#[cfg(target_os = "linux")]
mod supervisor;
#[cfg(target_os = "linux")]
pub mod throttle;
#[cfg(target_os = "linux")]
mod usage;
