//! What ledgers receive beside lines and files, each from the real thing: whole runs by the real program, told as in
//! `tests/real` (see `case.rs` there). In each some thousand items are sent, of which ten are lost, ten come twice and ten
//! are altered, and all thirty must be named.
#![cfg(target_os = "linux")]

#[path = "../real/asked.rs"]
mod asked;
#[path = "../real/bench.rs"]
mod bench;
#[path = "../real/case.rs"]
mod case;
#[path = "../ports/mod.rs"]
mod ports;
#[path = "../real/role.rs"]
mod role;
mod serve;

/// Not a test of its own: a server of the cases, where one of them starts this program again.
#[test]
fn role() {
    role::play(serve::serve);
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    bench::run_all("tests/receipts", 12);
}
