//! The whole example, compressed to one cycle of 45 seconds: the good agent passes, and each bug fails at the line
//! that is there to find it, and at no other.

#![cfg(target_os = "linux")]

mod example;
mod ports;

use example::Run;
use serde_json::Value;

/// What the example's README says for one cycle in 45 seconds.
const COMPRESSED: [&str; 6] =
    ["minute=450ms", "duration=45s", "pace=20/s", "bulk=128KB", "timeout=400ms", "recovery=1500ms"];

/// Runs the scenario with an agent that is broken in a way.
fn run(broken: &str) -> Run {
    let mut params: Vec<String> = COMPRESSED.map(str::to_owned).to_vec();
    params.push(format!("broken={broken}"));
    for name in ["store_port", "wifi_port", "agent_port"] {
        params.push(format!("{name}={}", ports::free()));
    }
    Run::of("campus-vehicle/campus-vehicle.soak", &params, &[])
}

#[test]
fn the_good_agent_passes() {
    let run = run("none");
    // What a busy machine does to the agent's share of a core is a warning.
    run.passes_but_for(&["CPU"]);
    let uploads = &run.report["ledgers"][0];
    assert!(uploads["sent"].as_u64() > Some(1_000), "{uploads}");
    assert_eq!((&uploads["received"], &uploads["lost"]["count"]), (&uploads["sent"], &Value::from(0)));
}

#[test]
fn the_good_agent_passes_over_a_network_that_loses_packets_and_on_a_disk_that_runs_full() {
    let mut params: Vec<String> = COMPRESSED.map(str::to_owned).to_vec();
    params.extend(["broken=none".to_owned(), "room=160MB".to_owned()]);
    let run = Run::of("campus-vehicle/on-hosts.soak", &params, &[]);
    run.passes_but_for(&["CPU"]);
    let faults = run.report["faults"].as_array().unwrap();
    let degraded = faults.iter().find(|fault| fault["verb"] == "degrade").unwrap();
    assert_eq!(degraded["evidence"], "measured");
    assert!(degraded["measured"].as_str().unwrap().contains("packets lost"), "{degraded}");
    let filled = faults.iter().find(|fault| fault["verb"] == "fill").unwrap();
    assert_eq!(filled["evidence"], "measured", "{filled}");
}

#[test]
fn an_agent_that_loses_in_a_crash_is_found() {
    run("lost-on-crash").fails_at("No lost uploads");
}

#[test]
fn an_agent_that_uploads_twice_is_found() {
    run("duplicate").fails_at("No duplicate uploads");
}

#[test]
fn an_agent_that_leaks_is_found() {
    run("leak").fails_at("Memory growth");
}
