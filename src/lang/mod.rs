//! The words every later stage shares: quantities and their units, values, types, signatures, expressions.

pub mod moment;
#[cfg(target_os = "linux")]
pub mod wakeup;
