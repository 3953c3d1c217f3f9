//! The verbs of a process, each on a real one. Every test ends with nobody left and no journal.
#![cfg(target_os = "linux")]

mod bench;
mod output;
mod readiness;
mod refusals;
mod trees;
mod verbs;
