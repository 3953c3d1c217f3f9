//! Reading what a scenario includes, and the first line of its datasets. Nothing else is read by checking.

use super::mistake;
use crate::diag::Diagnostic;
use crate::source::{MAX_FILE_SIZE, Sources};
use crate::syntax::ast::{File, StatementKind};
use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How many files a scenario may include, itself not counted.
pub const MAX_INCLUDES: usize = 100;

/// How long the first line of a dataset may be, in bytes.
const MAX_HEADER: u64 = 64 << 10;

/// The only door through which checking sees the world.
pub trait ReadFiles {
    /// A whole file.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// The first line of a file, without its end.
    fn first_line(&self, path: &Path) -> io::Result<String>;
}

/// The file system.
#[derive(Debug)]
pub struct DiskFiles;

impl ReadFiles for DiskFiles {
    fn read(&self, path: &Path) -> io::Result<String> {
        let mut text = String::new();
        open(path)?.take(MAX_FILE_SIZE as u64 + 1).read_to_string(&mut text)?;
        // Some editors put a mark of the byte order in front, which is no part of the text.
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    fn first_line(&self, path: &Path) -> io::Result<String> {
        let mut bytes = Vec::new();
        open(path)?.take(MAX_HEADER).read_to_end(&mut bytes)?;
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let line = String::from_utf8_lossy(&bytes[..end]);
        Ok(line.trim_end_matches('\r').trim_start_matches('\u{feff}').to_string())
    }
}

/// Opens a file; a pipe, for which checking would wait without end, and a device are refused before they are opened. A
/// folder is left to the system, which says what it is.
fn open(path: &Path) -> io::Result<std::fs::File> {
    let kind = std::fs::metadata(path)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(io::Error::other("it is no ordinary file"));
    }
    std::fs::File::open(path)
}

/// The path of a file that `from` names, relative to the folder that `from` lies in.
pub(super) fn beside(from: &str, path: &str) -> PathBuf {
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    folder.join(path)
}

/// Endings of files that are data, or of other languages.
const OF_DATA: &[&str] = &[
    "csv", "tsv", "json", "jsonl", "ndjson", "yaml", "yml", "toml", "env", "sh", "py", "js", "sql", "txt",
    "log",
];

/// Parses the scenario and everything it includes; the scenario is the first.
pub(super) fn parse_all(
    sources: &mut Sources,
    files: &dyn ReadFiles,
    found: &mut Vec<Diagnostic>,
) -> Vec<(usize, File)> {
    let mut parsed = Vec::new();
    let root = normalized(Path::new(sources.files()[0].name()));
    let mut seen = HashSet::from([root.clone()]);
    // Each with the chain of files that led to it, itself included.
    let mut waiting = vec![(0, vec![root])];
    while let Some((index, chain)) = waiting.pop() {
        let result = crate::syntax::parse(&sources.files()[index]);
        found.extend(result.diagnostics);
        let mut added = Vec::new();
        for statement in &result.file.items {
            let StatementKind::Include { path } = &statement.kind else { continue };
            let Some(text) = path.literal() else {
                found.push(mistake::place::include_is_interpolated(path.span));
                continue;
            };
            if let Some(data) = text.rsplit_once('.').filter(|(_, ending)| OF_DATA.contains(ending)) {
                found.push(mistake::place::include_of_data(path.span, &text, data.1));
                continue;
            }
            let full = beside(sources.files()[index].name(), &text);
            let key = normalized(&full);
            if chain.contains(&key) {
                found.push(mistake::place::include_circle(path.span, &text));
            } else if !seen.insert(key.clone()) {
                // Included by two files: it counts once.
            } else if seen.len() > MAX_INCLUDES + 1 {
                found.push(mistake::place::too_many_includes(path.span, MAX_INCLUDES));
            } else {
                let read = files.read(&full).map_err(|error| error.to_string());
                match read.and_then(|content| {
                    sources.add(full.to_string_lossy(), content).map_err(|error| error.to_string())
                }) {
                    Ok(index) => added.push((index, chain.iter().cloned().chain([key]).collect())),
                    Err(why) => found.push(mistake::place::include_unreadable(path.span, &text, &why)),
                }
            }
        }
        parsed.push((index, result.file));
        waiting.extend(added.into_iter().rev());
    }
    parsed
}

/// The path without `.` and with `..` taken away where that can be done without looking.
fn normalized(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(result.components().next_back(), Some(Component::Normal(_))) => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_may_never_end_is_not_opened() {
        for path in ["/dev/null", "/dev/zero"] {
            let path = Path::new(path);
            assert_eq!(DiskFiles.read(path).unwrap_err().to_string(), "it is no ordinary file");
            assert!(DiskFiles.first_line(path).is_err());
        }
    }
}
