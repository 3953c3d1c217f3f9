//! Whole runs of the scenarios in `examples/`, with the programs that stand beside them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// What a run of an example came to.
pub struct Run {
    pub code: Option<i32>,
    pub report: Value,
    /// What it said while it ran.
    pub said: String,
}

impl Run {
    /// Runs `examples/<scenario>` with params: some of its phases, or all where none is named.
    pub fn of(scenario: &str, params: &[String], only: &[&str]) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let test = std::env::current_exe().unwrap();
        let programs = test.parent().unwrap().parent().unwrap().join("examples");
        let programs = format!("programs={}", programs.display());
        let output = Command::new(env!("CARGO_BIN_EXE_soak"))
            .arg("run")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(scenario))
            .arg("--out")
            .arg(folder.path().join("out"))
            .args(params.iter().chain([&programs]).flat_map(|param| ["--param", param]))
            .args(only.iter().flat_map(|phase| ["--only", phase]))
            .env("XDG_STATE_HOME", folder.path())
            .env("TMPDIR", folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let report = std::fs::read(folder.path().join("out/report.json"))
            .unwrap_or_else(|error| panic!("no report ({error}):\n{said}"));
        Run { code: output.status.code(), report: serde_json::from_slice(&report).unwrap(), said }
    }

    /// The names of the expectations with a verdict.
    pub fn with_verdict(&self, verdict: &str) -> BTreeSet<&str> {
        let rows = self.report["expectations"].as_array().unwrap().iter();
        rows.filter(|row| row["verdict"] == verdict).map(|row| row["name"].as_str().unwrap()).collect()
    }

    /// It failed at this expectation and at no other.
    #[track_caller]
    pub fn fails_at(&self, name: &str) {
        assert_eq!(self.with_verdict("fail"), BTreeSet::from([name]), "{}", self.said);
        assert_eq!((self.code, self.report["verdict"].as_str()), (Some(1), Some("fail")), "{}", self.said);
    }

    /// It passed; a busy machine may have brought about these warnings.
    #[track_caller]
    pub fn passes_but_for(&self, warnings: &[&str]) {
        assert_eq!(self.with_verdict("fail"), BTreeSet::new(), "{}", self.said);
        assert_eq!(self.with_verdict("inconclusive"), BTreeSet::new(), "{}", self.said);
        let allowed = BTreeSet::from_iter(warnings.iter().copied());
        assert!(self.with_verdict("warn").is_subset(&allowed), "{}", self.said);
        assert_eq!(self.code, Some(0), "{}", self.said);
    }
}
