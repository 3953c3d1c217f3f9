//! Scenarios run by the program itself, and what their reports hold.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::cli_soak::Soak;

/// What came of a run.
pub struct Run {
    pub soak: Soak,
    pub code: i32,
    pub said: String,
    pub report: Value,
}

fn written(url: &str, story: &str) -> Soak {
    let scenario =
        format!("scenario \"Databases\"\nsecret url from env \"DATABASE\"\npermit fault on db\n{story}\n");
    Soak::new().with("DATABASE", url).file("a.soak", scenario)
}

/// Runs a story in which `url` is that of the database.
pub fn run(url: &str, story: &str) -> Run {
    let soak = written(url, story);
    let ended = soak.run(&["run", "a.soak", "--out", "out"]);
    let said = format!("{story}\n{}{}", ended.out, ended.err);
    let report = fs::read(soak.path().join("out/report.json"));
    let report = report.unwrap_or_else(|error| panic!("no report ({error}): {said}"));
    Run { report: serde_json::from_slice(&report).unwrap(), soak, code: ended.code, said }
}

/// Starts such a run.
pub fn begin(url: &str, story: &str) -> (Soak, Child) {
    let soak = written(url, story);
    let mut command = soak.command(&["run", "a.soak", "--out", "out"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    (soak, child)
}

impl Run {
    #[track_caller]
    pub fn passes(self) -> Run {
        assert_eq!((self.code, self.report["verdict"].as_str()), (0, Some("pass")), "{}", self.said);
        self
    }

    /// How often a load's iterations failed of a cause.
    pub fn errors(&self, load: &str, cause: &str) -> u64 {
        let loads = self.report["loads"].as_array().unwrap();
        let load =
            loads.iter().find(|one| one["name"] == load).unwrap_or_else(|| panic!("no load: {}", self.said));
        match &load["errors"] {
            Value::Object(causes) => causes.get(cause).and_then(Value::as_u64).unwrap_or(0),
            causes => {
                let count = |one: &Value| Some((one["cause"].as_str()?.to_owned(), one["count"].as_u64()?));
                let causes = causes.as_array().unwrap().iter().filter_map(count);
                causes.filter(|(name, _)| name == cause).map(|(_, count)| count).sum()
            }
        }
    }

    /// What a fault measured.
    pub fn measured(&self, verb: &str) -> String {
        let faults =
            self.report["faults"].as_array().unwrap().iter().chain(self.report["acts"].as_array().unwrap());
        let fault = faults.into_iter().find(|one| one["verb"] == verb);
        fault.unwrap_or_else(|| panic!("no {verb}: {}", self.said))["measured"].to_string()
    }

    /// Nothing that the run left holds a text.
    #[track_caller]
    pub fn hides(&self, secret: &str) {
        assert!(!self.said.contains(secret), "{}", self.said);
        let held = holding(&self.soak.path().join("out"), secret.as_bytes());
        assert!(held.is_empty(), "{held:?}");
    }
}

fn holding(folder: &Path, text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map_while(Result::ok) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(holding(&entry.path(), text));
        } else if fs::read(entry.path()).unwrap().windows(text.len()).any(|part| part == text) {
            found.push(entry.path().display().to_string());
        }
    }
    found
}
