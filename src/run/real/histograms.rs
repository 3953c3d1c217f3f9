//! The file of the histograms of loads in a run's folder, a line a window.

use crate::lang::moment::Moment;
use crate::load::interval_log;
use crate::load::recorder::Ended;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The file, made with the first window.
pub(super) struct Histograms {
    path: PathBuf,
    file: Option<File>,
    /// It could not be written, and no more is tried: a log with a gap in it would be read as whole.
    failed: bool,
}

impl Histograms {
    pub fn new(path: PathBuf) -> Histograms {
        Histograms { path, file: None, failed: false }
    }

    /// Writes a window of the action or mix `name`. What went wrong is told once.
    pub fn write(&mut self, name: &str, ended: &Ended, now: Moment) -> Result<(), String> {
        if self.failed {
            return Ok(());
        }
        self.append(name, ended, now).map_err(|error| {
            self.failed = true;
            format!("the histograms of loads are not kept: cannot write `{}`: {error}", self.path.display())
        })
    }

    fn append(&mut self, name: &str, ended: &Ended, now: Moment) -> io::Result<()> {
        let mut lines = Vec::new();
        if self.file.is_none() {
            let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let began = today.saturating_sub(Duration::from_nanos(now.0));
            lines.extend_from_slice(interval_log::head(began).as_bytes());
        }
        interval_log::write(&mut lines, name, ended)?;
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::create(&self.path)?),
        };
        file.write_all(&lines)
    }
}
