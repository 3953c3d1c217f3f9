//! A run of a scenario beside certificates of its own, and what its report holds.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, setrlimit};
use serde_json::Value;

use crate::authority;
use crate::cli_soak::Soak;

/// The program in a folder with certificates.
pub fn soak() -> Soak {
    let soak = Soak::new();
    authority::write(soak.path());
    soak
}

/// What came of a run.
pub struct Run {
    pub code: i32,
    pub said: String,
    report: Value,
}

/// Runs a scenario to its end.
pub fn run(soak: Soak, scenario: &str) -> Run {
    run_with(soak, scenario, None)
}

/// The same, by a program that may have no more descriptors than so many.
pub fn run_with(soak: Soak, scenario: &str, descriptors: Option<u64>) -> Run {
    let soak = soak.file("a.soak", format!("scenario \"TLS\"\n{scenario}\n"));
    let mut command = soak.command(&["run", "a.soak", "--out", "out"]);
    if let Some(count) = descriptors {
        // SAFETY: setrlimit is async-signal-safe, and nothing else happens between fork and exec.
        unsafe {
            command.pre_exec(move || Ok(setrlimit(Resource::RLIMIT_NOFILE, count, count)?));
        }
    }
    let ended = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{scenario}\n{}{}", text(&ended.stdout), text(&ended.stderr));
    keeps_keys_secret(&soak, &said);
    let report = fs::read(soak.path().join("out/report.json"));
    let report = report.unwrap_or_else(|error| panic!("no report ({error}): {said}"));
    Run { code: ended.status.code().unwrap_or(-1), report: serde_json::from_slice(&report).unwrap(), said }
}

/// What is said of a scenario that cannot begin.
pub fn refused(soak: Soak, scenario: &str) -> String {
    let soak = soak.file("a.soak", format!("scenario \"TLS\"\n{scenario}\n"));
    let ended = soak.run(&["run", "a.soak", "--out", "out"]);
    let said = format!("{}{}", ended.out, ended.err);
    assert_eq!(ended.code, 3, "{said}");
    assert!(!soak.path().join("out/report.json").exists(), "{said}");
    keeps_keys_secret(&soak, &said);
    said
}

/// No line of a private key is anywhere that a run writes to.
fn keeps_keys_secret(soak: &Soak, said: &str) {
    let mut written = vec![said.as_bytes().to_vec()];
    read_all(&soak.path().join("out"), &mut written);
    for entry in fs::read_dir(soak.path()).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|ending| ending == "key") {
            let key = fs::read_to_string(&entry).unwrap();
            for line in key.lines().filter(|line| !line.starts_with("---")) {
                let told =
                    written.iter().any(|text| text.windows(line.len()).any(|part| part == line.as_bytes()));
                assert!(!told, "a part of {} was told", entry.display());
            }
        }
    }
}

fn read_all(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().map_while(Result::ok) {
        match entry.file_type().unwrap().is_dir() {
            true => read_all(&entry.path(), found),
            false => found.push(fs::read(entry.path()).unwrap()),
        }
    }
}

impl Run {
    #[track_caller]
    pub fn passes(self) -> Run {
        assert_eq!((self.code, self.report["verdict"].as_str()), (0, Some("pass")), "{}", self.said);
        self
    }

    fn load(&self, name: &str) -> &Value {
        let mut loads = self.report["loads"].as_array().unwrap().iter();
        loads.find(|one| one["name"] == name).unwrap_or_else(|| panic!("no load: {}", self.said))
    }

    /// All of a load's iterations went well; to be asked of a load whose expectations a busy machine may make doubtful.
    #[track_caller]
    pub fn succeeds(&self, load: &str, count: u64) {
        let load = self.load(load);
        let ended = (load["count"].as_u64(), load["failed"].as_u64());
        assert_eq!(ended, (Some(count), Some(0)), "{}", self.said);
    }

    /// The causes of a load's failed iterations, and how often each came.
    pub fn errors(&self, load: &str) -> Vec<(String, u64)> {
        match &self.load(load)["errors"] {
            Value::Object(causes) => {
                causes.iter().map(|(cause, count)| (cause.clone(), count.as_u64().unwrap())).collect()
            }
            causes => {
                let one = |one: &Value| Some((one["cause"].as_str()?.to_owned(), one["count"].as_u64()?));
                causes.as_array().unwrap().iter().filter_map(one).collect()
            }
        }
    }

    /// All of a load's iterations failed, of this cause.
    #[track_caller]
    pub fn fails_of(&self, load: &str, count: u64, cause: &str) {
        assert_eq!(self.errors(load), [(cause.to_owned(), count)], "{load}: {}", self.said);
    }
}

/// Waits until something has been counted so often.
pub fn until(count: &AtomicU64, wanted: u64, what: &str) {
    let began = Instant::now();
    while count.load(Ordering::SeqCst) < wanted {
        assert!(began.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
