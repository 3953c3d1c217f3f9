//! JSON documents on disk that are whole at every moment: a reader, and whoever starts after a SIGKILL, sees the
//! old document or the new one, never half of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::journal::{Level, log};

/// Replaces `path` by `bytes`: a temporary file beside it, synced, then renamed.
///
/// # Errors
/// Whatever the file system says; the old document is then still in place.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("json.tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    drop(file);
    fs::rename(&temporary, path)
}

/// Reads a document. One that is missing is `None`; one that cannot be understood is set aside, so that the
/// agent starts from what is on the disk instead of not at all.
///
/// # Errors
/// Whatever the file system says about a document that is there.
pub fn read(path: &Path) -> io::Result<Option<Value>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
    };
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            let aside: PathBuf = path.with_extension("json.unreadable");
            log(Level::Error, format_args!("{}: {error}; kept as {}", path.display(), aside.display()));
            fs::rename(path, aside)?;
            Ok(None)
        }
    }
}

/// The texts in the list called `name`; empty when there is no such list.
pub fn texts<'a>(document: Option<&'a Value>, name: &str) -> impl Iterator<Item = String> + use<'a> {
    let list = document.and_then(|value| value.get(name)).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}
