//! The whole example in under a minute: the good system passes, and each bug fails at the line that is there to find it.

#![cfg(target_os = "linux")]

mod example;
mod ports;

use example::Run;
use std::collections::BTreeSet;

/// What the example's README says for the whole test in under a minute.
const COMPRESSED: [&str; 5] = ["duration=54s", "hour=8s", "second=100ms", "spot=1s", "slow=5"];

/// One part of it, or all.
fn run(broken: &str, only: &[&str]) -> Run {
    let mut params: Vec<String> = COMPRESSED.map(str::to_owned).to_vec();
    params.push(format!("broken={broken}"));
    params.push(format!("port={}", ports::free()));
    Run::of("burn-in/burn-in.soak", &params, only)
}

/// It failed where the bug shows, and where the end of the run counts up what came of it.
#[track_caller]
fn fails_at_both(run: &Run, name: &str, in_the_end: &str) {
    assert_eq!(run.with_verdict("fail"), BTreeSet::from([name, in_the_end]), "{}", run.said);
    assert_eq!((run.code, run.report["verdict"].as_str()), (Some(1), Some("fail")), "{}", run.said);
}

#[test]
fn the_good_system_passes() {
    // What a busy machine may bring about.
    run("none", &[]).passes_but_for(&["Worker idle CPU", "Job latency", "Lock timeouts"]);
}

#[test]
fn a_state_that_is_written_in_pieces_is_found() {
    run("torn-state", &["Concurrent transitions"]).fails_at("No state corruption");
}

#[test]
fn a_job_that_is_taken_twice_is_found() {
    fails_at_both(&run("double-claim", &["File burst"]), "Exactly once", "No job twice");
}

#[test]
fn a_report_that_is_never_sent_again_is_found() {
    fails_at_both(&run("no-resync", &["Core outage"]), "Reports sync", "No job lost");
}
