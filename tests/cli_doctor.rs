//! `soak doctor`, and the refusal of `soak run` where a machine lacks what a scenario needs.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const HOSTS: &str = "scenario \"hosts\"\nhost near { address \"10.38.0.1\" }\n";
const PLAIN: &str = "scenario \"plain\"\nwait 10ms\n";

fn soak(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soak"));
    command.args(arguments);
    in_folder(command, folder)
}

fn in_folder(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder).env("XDG_STATE_HOME", folder).stdin(Stdio::null());
    command
}

/// Where there are no user namespaces for anybody, and no right to do without one.
fn forbidden(folder: &Path, arguments: &[&str]) -> Output {
    let script =
        r#"echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-sys_admin "$@""#;
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_soak")]).args(arguments);
    in_folder(command, folder).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_backend_is_told_in_both_forms() {
    let folder = tempfile::tempdir().unwrap();
    let text = soak(folder.path(), &["doctor"]).output().unwrap();
    let json = soak(folder.path(), &["doctor", "--format", "json"]).output().unwrap();
    assert!(text.status.success() && json.status.success());
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let rows = json["backends"].as_array().unwrap();
    assert!(rows.len() >= 9);
    for row in rows {
        let name = row["name"].as_str().unwrap();
        assert!(said(&text).contains(name), "{name}");
        assert_eq!(row["standing"] == "good", row["remedy"].is_null(), "{row}");
        assert!(row["needed"].is_null());
    }
}

#[test]
fn what_a_scenario_needs_decides() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hosts.soak"), HOSTS).unwrap();
    fs::write(folder.path().join("plain.soak"), PLAIN).unwrap();
    let plain = soak(folder.path(), &["doctor", "plain.soak", "--format", "json"]).output().unwrap();
    assert!(plain.status.success(), "{}", said(&plain));
    let told: Value = serde_json::from_slice(&plain.stdout).unwrap();
    let needed = |name: &str| {
        told["backends"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()["needed"].clone()
    };
    assert_eq!((needed("journal"), needed("networks")), (true.into(), false.into()));
    let forbidden = |arguments: &[&str]| forbidden(folder.path(), arguments);
    assert_eq!(forbidden(&["doctor", "plain.soak"]).status.code(), Some(0));
    let hosts = forbidden(&["doctor", "hosts.soak"]);
    assert_eq!(hosts.status.code(), Some(3), "{}", said(&hosts));
    assert!(said(&hosts).contains("user.max_user_namespaces"), "{}", said(&hosts));
}

#[test]
fn a_run_that_cannot_be_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hosts.soak"), HOSTS).unwrap();
    let refused = forbidden(folder.path(), &["run", "hosts.soak", "--out", "out"]);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(
        said(&refused).contains("user.max_user_namespaces") && said(&refused).contains("nothing was started")
    );
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_faulty_disk_is_refused_where_nothing_can_be_mounted_with_fuse() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = "scenario \"faulty\"\ndisk own { path \"{scratch}/own\"; faulty }\nown slow 1s for 1s\n";
    fs::write(folder.path().join("faulty.soak"), faulty).unwrap();
    // Seen by the program alone: a device that is another one.
    let script = r#"mount --bind /dev/null /dev/fuse && exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_soak"), "run", "faulty.soak"]);
    let refused = in_folder(command, folder.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    let expected = ["faulty.soak:2:6: fuse: this machine does not let soak mount one", "nothing was started"];
    assert!(expected.iter().all(|text| said(&refused).contains(text)), "{}", said(&refused));
}
