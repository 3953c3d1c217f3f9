//! Jobs: claimed by a rename, done once, and taken up again after a crash.

use super::reports::Reports;
use crate::shared::home::Home;
use crate::shared::state::Locked;
use serde::Deserialize;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

const JOB: &str = ".job.json";
const CLAIMED: &str = ".job.json.claimed";
/// How long the count of the jobs that are done waits for the lock of the state.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Job {
    job_id: String,
    kind: String,
    #[serde(default)]
    payload: serde_json::Value,
}

pub struct Jobs {
    home: Home,
    reports: Reports,
    work: Duration,
    /// Jobs are taken as they lie there.
    unclaimed: bool,
}

impl Jobs {
    pub fn new(home: Home, reports: Reports, work: Duration, unclaimed: bool) -> Jobs {
        Jobs { home, reports, work, unclaimed }
    }

    pub fn reports(&self) -> &Reports {
        &self.reports
    }

    /// The ids of the jobs that nobody has claimed.
    pub fn waiting(&self) -> io::Result<Vec<String>> {
        self.ids(JOB)
    }

    fn ids(&self, ending: &str) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(self.home.jobs())? {
            let name = entry?.file_name();
            let id = name
                .to_str()
                .filter(|name| !name.starts_with('.'))
                .and_then(|name| name.strip_suffix(ending));
            ids.extend(id.map(str::to_owned));
        }
        Ok(ids)
    }

    /// What was claimed before a crash: done already, or to be done again. Whether the core heard of the first is not
    /// known, so it is told once more.
    pub fn take_up_again(&self) -> io::Result<()> {
        for id in self.ids(CLAIMED)? {
            let claimed = self.home.jobs().join(format!("{id}{CLAIMED}"));
            if self.result_of(&id).exists() {
                self.reports.keep(&id, "the worker was stopped before the core was told")?;
                fs::remove_file(claimed)?;
            } else {
                fs::rename(claimed, self.home.jobs().join(format!("{id}{JOB}")))?;
            }
        }
        Ok(())
    }

    fn result_of(&self, id: &str) -> std::path::PathBuf {
        self.home.results().join(format!("{id}.result.json"))
    }

    /// Does a job, unless somebody else has it.
    pub fn work_on(&self, id: &str) {
        if let Err(error) = self.claim_and_do(id) {
            // What cannot be written to a log can be told nobody.
            let _ = self.home.log("worker.log", &format!("ERROR {id}: {error}"));
        }
    }

    fn claim_and_do(&self, id: &str) -> io::Result<()> {
        let waiting = self.home.jobs().join(format!("{id}{JOB}"));
        let claimed = self.home.jobs().join(format!("{id}{CLAIMED}"));
        let taken = if self.unclaimed { waiting } else { claimed.clone() };
        if !self.unclaimed {
            match fs::rename(self.home.jobs().join(format!("{id}{JOB}")), &claimed) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let text = match fs::read(&taken) {
            Ok(text) => text,
            Err(error) if self.unclaimed && error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let job: Job = serde_json::from_slice(&text)?;
        let output = self.output(&job);
        let result = serde_json::json!({ "job_id": job.job_id, "kind": job.kind, "output": output });
        Home::put(&self.home.results(), &format!("{id}.result.json"), result.to_string().as_bytes())?;
        self.count()?;
        self.reports.send(id)?;
        match fs::remove_file(taken) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn output(&self, job: &Job) -> serde_json::Value {
        thread::sleep(self.work);
        let text =
            |name: &str| job.payload.pointer(&format!("/params/{name}")).and_then(|value| value.as_str());
        match job.kind.as_str() {
            "list_files" => {
                let root = self.home.runtime().join(text("root").unwrap_or("."));
                names_in(&root).into()
            }
            "read_file" => {
                let path = self.home.runtime().join(text("path").unwrap_or("system_state.json"));
                fs::read_to_string(path).unwrap_or_default().into()
            }
            _ => vec!["look", "think", "act"].into(),
        }
    }

    /// One job more in the state that core and worker share.
    fn count(&self) -> io::Result<()> {
        let Some(locked) = Locked::take(&self.home, LOCK_PATIENCE, false)? else {
            return self.home.log("worker.log", "ERROR Lock timeout: a job was not counted");
        };
        let mut state = locked.read()?;
        state.jobs_done += 1;
        locked.write(&state)
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
