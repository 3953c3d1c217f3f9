//! The whole example, compressed to one cycle of 45 seconds: the good agent passes, and each bug fails at the line
//! that is there to find it, and at no other.

#![cfg(target_os = "linux")]

mod ports;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What the example's README says for one cycle in 45 seconds.
const COMPRESSED: [&str; 6] =
    ["minute=450ms", "duration=45s", "pace=20/s", "bulk=128KB", "timeout=400ms", "recovery=1500ms"];

/// Runs the scenario with an agent that is broken in a way; gives the exit code, the report and what was said.
fn run(broken: &str) -> (Option<i32>, Value, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let test = std::env::current_exe().unwrap();
    let programs = test.parent().unwrap().parent().unwrap().join("examples");
    let mut params: Vec<String> = COMPRESSED.map(str::to_owned).to_vec();
    params.push(format!("broken={broken}"));
    params.push(format!("programs={}", programs.display()));
    for name in ["store_port", "wifi_port", "agent_port"] {
        params.push(format!("{name}={}", ports::free()));
    }
    let output = Command::new(env!("CARGO_BIN_EXE_soak"))
        .arg("run")
        .arg(root.join("examples/campus-vehicle/campus-vehicle.soak"))
        .arg("--out")
        .arg(folder.path().join("out"))
        .args(params.iter().flat_map(|param| ["--param", param]))
        .env("XDG_STATE_HOME", folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = std::fs::read(folder.path().join("out/report.json"))
        .unwrap_or_else(|error| panic!("no report ({error}):\n{said}"));
    (output.status.code(), serde_json::from_slice(&report).unwrap(), said)
}

/// The names of the expectations with a verdict.
fn with_verdict<'a>(report: &'a Value, verdict: &str) -> BTreeSet<&'a str> {
    let rows = report["expectations"].as_array().unwrap().iter();
    rows.filter(|row| row["verdict"] == verdict).map(|row| row["name"].as_str().unwrap()).collect()
}

#[track_caller]
fn fails_at(broken: &str, name: &str) {
    let (code, report, said) = run(broken);
    assert_eq!(with_verdict(&report, "fail"), BTreeSet::from([name]), "{said}");
    assert_eq!((code, report["verdict"].as_str()), (Some(1), Some("fail")), "{said}");
}

#[test]
fn the_good_agent_passes() {
    let (code, report, said) = run("none");
    let none = BTreeSet::new();
    assert_eq!(with_verdict(&report, "fail"), none, "{said}");
    assert_eq!(with_verdict(&report, "inconclusive"), none, "{said}");
    // What a busy machine does to the agent's share of a core is a warning.
    assert!(with_verdict(&report, "warn").is_subset(&BTreeSet::from(["CPU"])), "{said}");
    assert_eq!(code, Some(0), "{said}");
    let uploads = &report["ledgers"][0];
    assert!(uploads["sent"].as_u64() > Some(1_000), "{uploads}");
    assert_eq!((&uploads["received"], &uploads["lost"]["count"]), (&uploads["sent"], &Value::from(0)));
}

#[test]
fn an_agent_that_loses_in_a_crash_is_found() {
    fails_at("lost-on-crash", "No lost uploads");
}

#[test]
fn an_agent_that_uploads_twice_is_found() {
    fails_at("duplicate", "No duplicate uploads");
}

#[test]
fn an_agent_that_leaks_is_found() {
    fails_at("leak", "Memory growth");
}
