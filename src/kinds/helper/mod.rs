//! Processes of soak's own that hold something for a run: started from its own program, known to the journal before they
//! do anything, ended with what they hold.

pub mod own;

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::kinds::undo::{
    Applied, Identity, JournalError, MARK_RUN, Recorder, RunId, StartedTree, Tree, Undo,
};

/// How long a helper may take to end by itself.
const END_WITHIN: Duration = Duration::from_secs(2);
/// Between two looks whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// A value as a helper and the run tell it each other: JSON on one line, with its end.
///
/// # Errors
/// When it has no form in JSON.
pub fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// A helper process. Dropping it ends it, and settles what the journal has of it.
pub struct Helper {
    child: Child,
    applied: Option<Applied>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    #[error("{0}")]
    Start(io::Error),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Helper {
    /// Starts soak with a hidden subcommand. It must do nothing that is to be undone before it is told to, which comes
    /// behind this. Of its standard input, output and error each is what is given.
    ///
    /// # Errors
    /// When it cannot be started, or the journal cannot be written.
    pub fn start(
        (subcommand, name): (&str, &str),
        (run, recorder): (&RunId, &Arc<dyn Recorder>),
        [input, output, error]: [Stdio; 3],
    ) -> Result<Helper, HelperError> {
        let child = Command::new("/proc/self/exe")
            .arg0("soak")
            .arg(subcommand)
            .env(MARK_RUN, run.as_str())
            .current_dir("/")
            .stdin(input)
            .stdout(output)
            .stderr(error)
            .spawn()
            .map_err(HelperError::Start)?;
        let mut helper = Helper { child, applied: None };
        let root = i32::try_from(helper.child.id()).ok().and_then(Identity::of);
        let root = root.ok_or_else(|| HelperError::Start(io::ErrorKind::NotFound.into()))?;
        let tree = Tree { root, leads_session: false, marker: None };
        let undo = Undo::Started(StartedTree { name: name.into(), tree });
        helper.applied = Some(Applied::record(recorder, undo)?);
        Ok(helper)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Its input closes around this time, with which it ends by itself; what it holds is gone when it is.
        let _ = self.child.kill();
        let deadline = Instant::now() + END_WITHIN;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                if let Some(applied) = self.applied.take() {
                    applied.settle();
                }
                return;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        if let Some(applied) = self.applied.take() {
            applied.leave_to_journal();
        }
    }
}
