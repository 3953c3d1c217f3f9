//! The clients that do not speak HTTP, each against the real thing: whole runs by the real program, told as in
//! `tests/real` (see `case.rs` there). What serves is a process of the scenario: redis-server, mosquitto and nats-server,
//! or this program again, as one of the servers in `serve`. `SOAK_REAL=word` runs the cases with that word in their name.
#![cfg(target_os = "linux")]

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
    bench::run_all("tests/clients", 40);
}
