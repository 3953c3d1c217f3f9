//! The whole example, compressed to half a minute: the good observer passes, and each bug fails at the line that is
//! there to find it, and at no other.

#![cfg(target_os = "linux")]

mod example;

use example::Run;
use serde_json::Value;

/// What the example's README says for half a minute. What else this machine does is not the observer's fault.
const COMPRESSED: [&str; 3] = ["step=6s", "pace=20/s", "others=100%"];

/// Runs the scenario with an observer that is broken in a way.
fn run(broken: &str) -> Run {
    let broken = format!("broken={broken}");
    let params = COMPRESSED.map(str::to_owned).into_iter().chain([broken]);
    Run::of("observer-load/observer-load.soak", &params.collect::<Vec<_>>(), &[])
}

#[test]
fn the_good_observer_passes() {
    let run = run("none");
    run.passes_but_for(&["Latency trend", "Buffer trend"]);
    for ledger in run.report["ledgers"].as_array().unwrap() {
        let counts = ["sent", "received"].map(|name| &ledger[name]);
        assert_eq!(counts, [&Value::from(2_160); 2], "{ledger}");
    }
}

#[test]
fn an_observer_that_drops_is_found() {
    run("drop").fails_at("No lost snapshots");
}

#[test]
fn an_observer_that_changes_snapshots_is_found() {
    run("mutate").fails_at("No altered snapshots");
}

#[test]
fn an_observer_that_gets_slower_is_found() {
    run("degrade").fails_at("Latency");
}
