//! soak: a language and a runner for tests that last.
//!
//! A `.soak` file travels through the rooms of this crate from left to right:
//! text → `syntax` → `check` → `plan` → `run` → events → record, terminal, report.

pub mod check;
pub mod cli;
pub mod diag;
#[cfg(target_os = "linux")]
pub mod doctor;
pub mod event;
#[cfg(target_os = "linux")]
pub mod expect;
pub mod kinds;
pub mod lang;
#[cfg(target_os = "linux")]
pub mod load;
#[cfg(target_os = "linux")]
pub mod measure;
pub mod plan;
pub mod report;
#[cfg(target_os = "linux")]
pub mod run;
pub mod source;
pub mod store;
pub mod syntax;
pub mod ui;
