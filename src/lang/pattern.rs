//! Which files are meant: a path or a glob (`*`, `**`, `?`, `[…]`, `{a,b}`), and where to look for them.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// Directories deeper below the root of a pattern than this are not entered.
const DEEPEST: usize = 64;

/// What is wrong with a glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` is no glob: {reason}")]
pub struct BadPattern {
    /// As it was written.
    pub glob: String,
    /// What globset says.
    pub reason: String,
}

/// A path or a glob. `*` and `?` stay within one name, `**` spans directories.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    root: PathBuf,
    matcher: GlobMatcher,
    folders: Vec<Folder>,
}

#[derive(Clone, Debug)]
enum Folder {
    Named(GlobMatcher),
    AnyDepth,
}

impl Pattern {
    /// Reads a glob; where it is relative, it starts at `base`.
    ///
    /// # Errors
    /// When it is empty or globset does not take it.
    pub fn new(base: &Path, text: &str) -> Result<Pattern, BadPattern> {
        let bad = |reason: String| BadPattern { glob: text.to_owned(), reason };
        let mut root = base.to_path_buf();
        let mut rest: Vec<String> = Vec::new();
        let mut parts = Path::new(text).components().peekable();
        while let Some(part) = parts.next() {
            let name = part.as_os_str().to_string_lossy();
            let is_last = parts.peek().is_none();
            match part {
                Component::CurDir if rest.is_empty() => {}
                Component::RootDir => root = PathBuf::from("/"),
                Component::Normal(_)
                    if is_last || !rest.is_empty() || name.contains(['*', '?', '[', '{']) =>
                {
                    rest.push(name.into_owned());
                }
                part if rest.is_empty() => root.push(part),
                _ => return Err(bad("`..` behind a wildcard".to_owned())),
            }
        }
        let Some((_, folders)) = rest.split_last() else {
            return Err(bad("it names no file".to_owned()));
        };
        let across = rest.iter().any(|name| name.matches('{').count() != name.matches('}').count());
        let folders: Result<Vec<Folder>, BadPattern> = folders
            .iter()
            .map(|name| match name.as_str() {
                _ if across => Ok(Folder::AnyDepth),
                "**" => Ok(Folder::AnyDepth),
                name => Ok(Folder::Named(matcher(name).map_err(bad)?)),
            })
            .collect();
        let matcher = matcher(&rest.join("/")).map_err(bad)?;
        Ok(Pattern { text: text.to_owned(), root, matcher, folders: folders? })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it can only mean one file.
    pub fn is_plain(&self) -> bool {
        self.folders.is_empty() && !self.text.contains(['*', '?', '[', '{'])
    }

    /// The directory below which everything lies that can match.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a file at `path` is meant.
    pub fn matches(&self, path: &Path) -> bool {
        path.strip_prefix(&self.root).is_ok_and(|rest| self.matcher.is_match(rest))
    }

    /// Whether files that are meant can lie in `directory` or below it.
    pub fn reaches_into(&self, directory: &Path) -> bool {
        let Ok(rest) = directory.strip_prefix(&self.root) else { return false };
        if rest.components().count() > DEEPEST {
            return false;
        }
        for (index, part) in rest.components().enumerate() {
            match self.folders.get(index) {
                Some(Folder::Named(matcher)) if matcher.is_match(part.as_os_str()) => {}
                Some(Folder::AnyDepth) => return true,
                _ => return false,
            }
        }
        true
    }

    /// Calls `each` for every file that is there and meant, as long as it returns true.
    pub fn walk(&self, mut each: impl FnMut(PathBuf, std::fs::Metadata) -> bool) {
        let mut waiting = vec![self.root.clone()];
        while let Some(directory) = waiting.pop() {
            let Ok(entries) = std::fs::read_dir(&directory) else { continue };
            for entry in entries.flatten() {
                let path = entry.path();
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    if self.reaches_into(&path) {
                        waiting.push(path);
                    }
                } else if self.matches(&path)
                    && let Ok(metadata) = std::fs::metadata(&path)
                    && metadata.is_file()
                    && !each(path, metadata)
                {
                    return;
                }
            }
        }
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher, String> {
    let built = GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant() {
        // glob, root, a path, whether it is meant
        let table = [
            ("log", "/b", "/b/log", true),
            ("log", "/b", "/b/log.1", false),
            ("./a/log", "/b/a", "/b/a/log", true),
            ("/var/*.log", "/var", "/var/x.log", true),
            ("/var/*.log", "/var", "/var/a/x.log", false),
            ("a/**/*.log", "/b/a", "/b/a/x.log", true),
            ("a/**/*.log", "/b/a", "/b/a/1/2/x.log", true),
            ("a/*/x.{log,txt}", "/b/a", "/b/a/1/x.txt", true),
            ("a/*/x.{log,txt}", "/b/a", "/b/a/x.txt", false),
            ("a/{b/c,d}/x", "/b/a", "/b/a/b/c/x", true),
        ];
        for (glob, root, path, meant) in table {
            let pattern = Pattern::new(Path::new("/b"), glob).unwrap();
            assert_eq!(pattern.root(), Path::new(root), "{glob}");
            assert_eq!(pattern.matches(Path::new(path)), meant, "{glob} {path}");
            if meant {
                let mut folder = Path::new(path).parent().unwrap();
                while folder.starts_with(root) {
                    assert!(pattern.reaches_into(folder), "{glob} {}", folder.display());
                    folder = folder.parent().unwrap();
                }
            }
        }
        let pattern = Pattern::new(Path::new("/b"), "a/*/x").unwrap();
        assert!(!pattern.reaches_into(Path::new("/b/a/1/2")));
        assert!(!pattern.reaches_into(Path::new("/b")));
    }

    #[test]
    fn bad_globs_are_refused() {
        for glob in ["", ".", "a/[", "{a"] {
            assert!(Pattern::new(Path::new("/b"), glob).is_err(), "{glob}");
        }
    }
}
