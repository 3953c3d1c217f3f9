//! The folder in which core and worker meet.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder and what lies below it.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The folder, with all that lies below it made.
    pub fn at(root: &Path) -> io::Result<Home> {
        let home = Home { root: root.to_path_buf() };
        for folder in [home.jobs(), home.results(), home.unsent(), home.runtime(), home.logs()] {
            fs::create_dir_all(folder)?;
        }
        Ok(home)
    }

    /// Jobs, `<id>.job.json`, and claimed ones, `<id>.job.json.claimed`.
    pub fn jobs(&self) -> PathBuf {
        self.root.join("data/webrelay_out")
    }

    /// Results, `<id>.result.json`.
    pub fn results(&self) -> PathBuf {
        self.root.join("data/webrelay_in")
    }

    /// What the core has not heard, `<id>.failed_notify.txt`.
    pub fn unsent(&self) -> PathBuf {
        self.root.join("data/failed_reports")
    }

    /// The state and its lock.
    pub fn runtime(&self) -> PathBuf {
        self.root.join("runtime")
    }

    /// The history of the state, the jobs that are done, and what core and worker have to say.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Puts a file into a folder so that it appears whole, or not at all.
    pub fn put(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
        let hidden = folder.join(format!(".{name}.{}", std::process::id()));
        let mut file = File::create(&hidden)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&hidden, folder.join(name))
    }

    /// Adds a line to a file in `logs`; a line is one write, so that two writers do not mix theirs.
    pub fn log(&self, name: &str, line: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(self.logs().join(name))?;
        file.write_all(format!("{line}\n").as_bytes())
    }
}
