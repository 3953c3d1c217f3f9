//! Scenarios run by the real program on real processes, links, folders and HTTP, and what comes of each.
//!
//! A file in this folder holds cases between lines `#--- name`; what stands before the first is put before each. Lines
//! `#!` say what is expected, and how the case is run (see `case.rs`). Nothing may be left of any case: no process, no
//! listening port, no folder, no journal. `SOAK_REAL=word` runs the cases with that word in their name.
#![cfg(target_os = "linux")]

mod asked;
mod bench;
mod case;
#[path = "../ports/mod.rs"]
mod ports;
mod server;

/// Not a test of its own: the HTTP service of the cases, where one of them starts this program again.
#[test]
fn role() {
    if let Ok(address) = std::env::var("SOAK_TEST_SERVE") {
        server::serve(&address);
    }
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    bench::run_all("tests/real", 60);
}
