//! Databases as the program asks and disturbs them: each test has a server of its own, really there.

#![cfg(target_os = "linux")]

#[path = "../cli_soak/mod.rs"]
mod cli_soak;
#[cfg(feature = "mysql")]
mod mariadb;
#[path = "../ports/mod.rs"]
mod ports;
mod postgres;
mod receipts;
mod runs;
mod servers;
mod sqlite;
