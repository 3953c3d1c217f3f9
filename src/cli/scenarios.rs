//! Which files are meant: the names, folders and globs of a command line.

use super::file::STDIN;
use crate::lang::pattern::Pattern;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Folders that hold no scenarios of the user's, beside the hidden ones: what Cargo builds, what runs leave.
const SKIPPED: &[&str] = &["target", "soak-runs"];

/// What a command line means.
#[derive(Debug, Default)]
pub struct Meant {
    /// Each file once, in the order of the arguments, those of a folder by name.
    pub files: Vec<PathBuf>,
    /// Why an argument means nothing, a sentence each.
    pub problems: Vec<String>,
}

/// The files that arguments mean: a folder means every .soak file in it and below, a glob what it matches. Hidden
/// folders, `target` and `soak-runs` are entered only where an argument begins in one.
pub fn meant(arguments: &[PathBuf]) -> Meant {
    let mut meant = Meant::default();
    let mut seen = HashSet::new();
    for argument in arguments {
        let found = match one(argument) {
            Ok(found) => found,
            Err(problem) => {
                meant.problems.push(problem);
                continue;
            }
        };
        let new = found.into_iter().filter(|path| seen.insert(path.canonicalize().unwrap_or(path.clone())));
        meant.files.extend(new);
    }
    meant
}

fn one(argument: &Path) -> Result<Vec<PathBuf>, String> {
    let shown = argument.display();
    if argument.as_os_str() == STDIN {
        return Ok(vec![argument.to_owned()]);
    }
    if argument.is_dir() {
        let is_scenario = |path: &Path| path.extension() == Some(OsStr::new("soak"));
        let found = walk(argument, |_| true, is_scenario)?;
        if !found.is_empty() {
            return Ok(found);
        }
        return Err(match argument.as_os_str() == "." {
            true => "there is no .soak file in this folder or below; name one, or let `soak init` write one"
                .into(),
            false => format!("there is no .soak file in `{shown}` or below"),
        });
    }
    let text = argument.to_string_lossy();
    if argument.exists() || !text.contains(['*', '?', '[', '{']) {
        // What is not there is told where it is read.
        return Ok(vec![argument.to_owned()]);
    }
    let pattern = Pattern::new(Path::new("."), &text).map_err(|error| error.to_string())?;
    let found = walk(pattern.root(), |folder| pattern.reaches_into(folder), |path| pattern.matches(path))?;
    match found.is_empty() {
        true => Err(format!("no file matches `{text}`")),
        false => Ok(found),
    }
}

/// The files at and below a folder, by name.
fn walk(
    root: &Path,
    enters: impl Fn(&Path) -> bool,
    wanted: impl Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, String> {
    let skipped = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() > 0 && (name.starts_with('.') || SKIPPED.contains(&name.as_ref()))
    };
    let entered = |entry: &DirEntry| !entry.file_type().is_dir() || !skipped(entry) && enters(entry.path());
    let mut found = Vec::new();
    for entry in WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(entered) {
        let entry = match entry {
            Ok(entry) => entry,
            // A glob may begin in a folder that is not there; then it matches nothing.
            Err(error) if error.depth() == 0 => continue,
            Err(error) => return Err(format!("cannot look for scenarios: {error}")),
        };
        // A link to a file counts as one; a link to a folder is not followed.
        if wanted(entry.path()) && entry.path().is_file() {
            let path = entry.into_path();
            found.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_globs_and_names_mean_files_once() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a.soak", "b/c.soak", "b/d.txt", "b/.git/e.soak", "target/f.soak", "b/soak-runs/g.soak"]
        {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let names = |arguments: &[&str]| {
            let arguments: Vec<PathBuf> = arguments.iter().map(|name| folder.path().join(name)).collect();
            let meant = meant(&arguments);
            let relative = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().display().to_string();
            (meant.files.iter().map(relative).collect::<Vec<_>>(), meant.problems.len())
        };
        // arguments, the files they mean, how many of them mean nothing
        let table: &[(&[&str], &[&str], usize)] = &[
            (&[""], &["a.soak", "b/c.soak"], 0),
            (&["b", "a.soak", ""], &["b/c.soak", "a.soak"], 0),
            (&["**/*.soak"], &["a.soak", "b/c.soak"], 0),
            (&["*.soak", "a.soak"], &["a.soak"], 0),
            (&["b/*"], &["b/c.soak", "b/d.txt"], 0),
            (&["b/{c,x}.soak"], &["b/c.soak"], 0),
            (&["target"], &["target/f.soak"], 0),
            (&["target/*.soak"], &["target/f.soak"], 0),
            (&["absent.soak"], &["absent.soak"], 0),
            (&["b/.git/../d.txt"], &["b/.git/../d.txt"], 0),
            (&["*.nothing", "a.soak"], &["a.soak"], 1),
            (&["absent/*.soak", "["], &[], 2),
        ];
        for (arguments, files, problems) in table {
            let (found, unmatched) = names(arguments);
            assert_eq!(
                (found, unmatched),
                (files.iter().map(|f| f.to_string()).collect(), *problems),
                "{arguments:?}"
            );
        }
    }
}
