//! The machine that soak runs on: what it is busy with, and how it can be made busier.

#[cfg(target_os = "linux")]
pub mod reading;
pub mod signature;
#[cfg(target_os = "linux")]
pub mod strain;
#[cfg(target_os = "linux")]
mod ticks;
