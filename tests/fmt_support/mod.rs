//! What formatting must never do to any scenario, in one place for the golden files, the mutations and the fuzzer.

use soak::check::{Options, ReadFiles, check};
use soak::source::Sources;
use soak::syntax::{self, Parsed};
use std::io;
use std::path::Path;

/// A world without files.
pub struct NoFiles;

impl ReadFiles for NoFiles {
    fn read(&self, _: &Path) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn first_line(&self, _: &Path) -> io::Result<String> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// A text that was parsed.
pub struct Read {
    sources: Sources,
    parsed: Parsed,
}

impl Read {
    pub fn new(text: &str) -> Read {
        let mut sources = Sources::new();
        sources.add("test.soak", text).expect("a text of a test is not too large");
        let parsed = syntax::parse(&sources.files()[0]);
        Read { sources, parsed }
    }

    pub fn formatted(&self) -> Option<String> {
        syntax::format(&self.sources.files()[0], &self.parsed)
    }

    /// The tree without places, and without whether a loop was written in `< >`.
    fn tree(&self) -> String {
        let whole = format!("{:?}", self.parsed.file.items);
        let mut tree = String::with_capacity(whole.len());
        for part in whole.split("Span { start: ") {
            let behind = part.trim_start_matches(|c: char| c.is_ascii_digit());
            let behind = match behind.strip_prefix(", end: ") {
                Some(end) => end.trim_start_matches(|c: char| c.is_ascii_digit()),
                None => behind,
            };
            tree.push_str(behind);
        }
        tree.replace("angle: true", "angle: false")
    }

    fn comments(&self) -> Vec<&str> {
        self.parsed.file.comments.iter().map(|comment| self.sources.text(comment.span)).collect()
    }
}

/// The codes that checking finds, in the order of their places.
fn codes(text: &str) -> Vec<&'static str> {
    let mut sources = Sources::new();
    sources.add("test.soak", text).expect("a text of a test is not too large");
    let checked = check(&mut sources, &Options { params: &[], files: &NoFiles });
    checked.diagnostics.iter().map(|found| found.code).collect()
}

/// Formats a text that can be read: the tree, every comment and what checking finds stay as they were, and formatting
/// again changes nothing.
///
/// # Errors
/// What was changed.
pub fn kept(text: &str) -> Result<Option<String>, String> {
    let before = Read::new(text);
    let Some(once) = before.formatted() else { return Ok(None) };
    let after = Read::new(&once);
    let broken = |what: &str| Err(format!("{what}\n---- from\n{text}\n---- to\n{once}"));
    if after.parsed.has_errors() {
        return broken(&format!("it cannot be read again: {:?}", after.parsed.diagnostics[0]));
    }
    if before.tree() != after.tree() {
        return broken("the tree changed");
    }
    if before.comments() != after.comments() {
        return broken("a comment was lost, changed or moved past another");
    }
    let twice = after.formatted();
    if twice.as_deref() != Some(once.as_str()) {
        return broken(&format!("it is not idempotent; the second time it gives {twice:?}"));
    }
    let (found, again) = (codes(text), codes(&once));
    if found != again {
        return broken(&format!("checking found {found:?} and now finds {again:?}"));
    }
    Ok(Some(once))
}
