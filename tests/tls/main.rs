//! TLS as the program speaks it, with every kind that can: whole runs against servers that encrypt, real ones where there
//! are any, and against those that do it wrong. Each failure is counted under its name while the run goes on.

#![cfg(target_os = "linux")]

mod authority;
#[path = "../cli_soak/mod.rs"]
mod cli_soak;
mod http;
mod run;
mod served;
