//! Missions: each becomes a file for the worker, and is noted once when the worker says that it is done.

use crate::shared::home::Home;
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::HashSet;
use std::io;

const DONE: &str = "completions.jsonl";

/// What is handed in.
#[derive(Deserialize)]
pub struct Mission {
    title: String,
    kind: String,
}

/// The missions that are done are kept in a file, which is read again when the core starts.
pub struct Missions {
    home: Home,
    done: RefCell<HashSet<String>>,
}

#[derive(Deserialize)]
struct Line {
    job_id: String,
}

impl Missions {
    pub fn open(home: Home) -> io::Result<Missions> {
        let text = match std::fs::read_to_string(home.logs().join(DONE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
        let done = lines.map(|line| line.job_id).collect();
        Ok(Missions { home, done: RefCell::new(done) })
    }

    /// Leaves a mission to the worker; gives its id.
    pub fn accept(&self, mission: &Mission) -> io::Result<String> {
        let id = super::unique_id()?;
        let job = serde_json::json!({
            "job_id": id, "kind": mission.kind, "payload": { "title": mission.title },
        });
        Home::put(&self.home.jobs(), &format!("{id}.job.json"), job.to_string().as_bytes())?;
        Ok(id)
    }

    /// Notes that a mission is done. The worker says so again where it did not hear the answer.
    pub fn complete(&self, id: &str) -> io::Result<()> {
        if self.done.borrow().contains(id) {
            return Ok(());
        }
        self.home.log(DONE, &serde_json::json!({ "job_id": id }).to_string())?;
        self.done.borrow_mut().insert(id.to_owned());
        Ok(())
    }
}
