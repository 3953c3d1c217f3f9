//! The whole example in under a minute: the good server passes, and each bug fails at the line that is there to find it.

#![cfg(target_os = "linux")]

mod ports;

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What the example's README says for the whole test in under a minute.
const COMPRESSED: [&str; 4] = ["second=40ms", "chaos=8s", "recovery=5s", "response=250ms"];

/// Runs the scenario, or some of its phases, with a server that is broken in a way; gives the exit code, the report and
/// what was said.
fn run(broken: &str, only: &[&str]) -> (Option<i32>, Value, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    // The database is another user's where the test is root.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let test = std::env::current_exe().unwrap();
    let programs = test.parent().unwrap().parent().unwrap().join("examples");
    let mut params: Vec<String> = COMPRESSED.map(str::to_owned).to_vec();
    params.push(format!("broken={broken}"));
    params.push(format!("programs={}", programs.display()));
    for name in ["server_port", "path_port", "database_port", "delayed_port"] {
        params.push(format!("{name}={}", ports::free()));
    }
    let output = Command::new(env!("CARGO_BIN_EXE_soak"))
        .arg("run")
        .arg(root.join("examples/job-claims/job-claims.soak"))
        .arg("--out")
        .arg(folder.path().join("out"))
        .args(params.iter().flat_map(|param| ["--param", param]))
        .args(only.iter().flat_map(|phase| ["--only", phase]))
        .env("XDG_STATE_HOME", folder.path())
        .env("TMPDIR", folder.path())
        .env("ADMIN_TOKEN", "a token for the test")
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

/// `name` fails, and nothing beside it but what may follow from it.
#[track_caller]
fn fails_at(broken: &str, only: &[&str], name: &str, following: &[&str]) -> Value {
    let (code, report, said) = run(broken, only);
    let failed = with_verdict(&report, "fail");
    assert!(failed.contains(name), "{said}");
    assert!(failed.iter().all(|one| *one == name || following.contains(one)), "{said}");
    assert_eq!((code, report["verdict"].as_str()), (Some(1), Some("fail")), "{said}");
    report
}

#[test]
fn the_good_server_passes() {
    let (code, report, said) = run("none", &[]);
    let none = BTreeSet::new();
    assert_eq!(with_verdict(&report, "fail"), none, "{said}");
    assert_eq!(with_verdict(&report, "inconclusive"), none, "{said}");
    assert_eq!(code, Some(0), "{said}");
    let claims = report["loads"].as_array().unwrap().iter().find(|load| load["name"] == "claim").unwrap();
    assert!(claims["count"].as_u64() > Some(300), "{claims}");
    assert!(claims["latency"]["p95"].as_f64() > Some(0.0), "{claims}");
}

#[test]
fn a_race_is_found_and_told_in_words() {
    let report = fails_at("racy", &["Race for one job"], "No race condition", &["One winner"]);
    let report = report.to_string();
    assert!(report.contains("violation = Job ") && report.contains(" assigned to "), "{report}");
}

#[test]
fn a_missing_cleanup_is_found() {
    fails_at("no-cleanup", &["State corruption"], "Cleanup repairs", &["No orphaned bots"]);
}

#[test]
fn a_pool_of_one_is_found() {
    fails_at("pool-of-one", &["Heavy load", "Extreme load"], "Response time", &[]);
}
