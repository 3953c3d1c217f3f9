//! `valid_json_lines`: whether every whole line of a file is JSON. Only what was added since the last look is
//! read; a file that is replaced or gets shorter is judged anew. The unfinished last line is not judged, and a
//! file without a whole line has no value.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::document::{MOST_BYTES, open, unreadable};
use super::{NoValue, Sample, blocking};

/// Bytes read at once; a longer line is read in ever larger parts, up to [`MOST_BYTES`].
const PART: usize = 1 << 20;

/// A file each line of which should be JSON.
#[derive(Clone, Debug)]
pub struct ValidJsonLines {
    path: PathBuf,
    judged: Judged,
}

/// How far a file was judged.
#[derive(Clone, Copy, Debug, Default)]
struct Judged {
    file: (u64, u64),
    upto: u64,
    lines: u64,
    bad: u64,
}

impl ValidJsonLines {
    /// A source that has not looked yet.
    pub fn new(path: PathBuf) -> ValidJsonLines {
        ValidJsonLines { path, judged: Judged::default() }
    }

    /// Looks once.
    pub async fn sample(&mut self) -> Sample {
        let (path, judged) = (self.path.clone(), self.judged);
        let name = self.path.display().to_string();
        match blocking(&name, move || judge(&path, judged)).await {
            Ok(judged) => {
                self.judged = judged;
                if judged.lines == 0 {
                    return Sample::None(NoValue::NoWholeLine(name));
                }
                Sample::Bool(judged.bad == 0)
            }
            Err(reason) => Sample::None(reason),
        }
    }
}

fn judge(path: &Path, before: Judged) -> Result<Judged, NoValue> {
    let file = open(path)?;
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    let id = (metadata.dev(), metadata.ino());
    let goes_on = before.file == id && before.upto <= metadata.len();
    let mut judged = if goes_on { before } else { Judged { file: id, ..Judged::default() } };
    let mut part = PART;
    while judged.upto < metadata.len() {
        let bytes = read(&file, judged.upto, part).map_err(|error| unreadable(path, &error))?;
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                for line in bytes[..end].split(|byte| *byte == b'\n') {
                    judged.lines += 1;
                    judged.bad += u64::from(serde_json::from_slice::<IgnoredAny>(line).is_err());
                }
                judged.upto += end as u64 + 1;
                part = PART;
            }
            None if bytes.len() < part => break,
            None if part as u64 >= MOST_BYTES => return Err(NoValue::TooLarge(path.display().to_string())),
            None => part *= 4,
        }
    }
    Ok(judged)
}

/// Up to `most` bytes from `offset` on; fewer only at the end.
fn read(file: &File, offset: u64, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        let count = file.read_at(&mut bytes[filled..], offset + filled as u64)?;
        if count == 0 {
            break;
        }
        filled += count;
    }
    bytes.truncate(filled);
    Ok(bytes)
}
