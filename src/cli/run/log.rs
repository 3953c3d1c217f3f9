//! The run's own log, `soak.log` in its folder, and with `-v` on standard error too. Of fixed size: when it is full
//! it becomes the old one, which the next takes the place of.

use super::aside::Aside;
use crate::cli::output;
use crate::lang::mask::Mask;
use crate::store::record::LOG;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

/// The largest a log becomes, in bytes; there is one old one beside it.
const MAX_LOG: u64 = 8 << 20;
/// What the old one is called.
const OLD: &str = "soak.old.log";

/// Begins the log. Without one a run is as good.
pub fn begin(folder: &Path, talk: Option<Aside>, mask: Mask) {
    let path = folder.join(LOG);
    let file = match File::create(&path) {
        Ok(file) => file,
        Err(error) => {
            return output::say(&format!("there is no log: cannot write `{}`: {error}", path.display()));
        }
    };
    let verbose = talk.is_some();
    let log = Log { path, mask, talk: talk.map(Mutex::new), open: Mutex::new(Open { file, written: 0 }) };
    let level = if verbose { Level::DEBUG } else { Level::INFO };
    let subscriber = tracing_subscriber::fmt().with_writer(log).with_ansi(false).with_max_level(level);
    // A second run in one process writes to the first one's log.
    let _ = subscriber.try_init();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), folder = %folder.display(), "the run begins");
}

struct Log {
    path: PathBuf,
    talk: Option<Mutex<Aside>>,
    mask: Mask,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    written: u64,
}

/// One line on its way to the log.
struct Line<'a>(&'a Log);

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

impl Write for Line<'_> {
    /// Gets whole lines: the subscriber puts each together before it writes it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let bytes = self.0.mask.bytes(line.to_vec());
        if let Some(talk) = &self.0.talk {
            // Nobody may be looking on any more; the file is what counts.
            let mut talk = talk.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = talk.write_all(&bytes).and_then(|()| talk.flush());
        }
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.written + bytes.len() as u64 > MAX_LOG {
            fs::rename(&self.0.path, self.0.path.with_file_name(OLD))?;
            *open = Open { file: File::create(&self.0.path)?, written: 0 };
        }
        open.file.write_all(&bytes)?;
        open.written += bytes.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
