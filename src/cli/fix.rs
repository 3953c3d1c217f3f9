//! `soak check --fix`: making the edits that findings propose, until none is left to make.
//!
//! Everything happens in memory first. A file is written once, at the end, and only where it reads as well as before.

use super::check::Params;
use super::{Exit, diff, file, output};
use crate::check::{DiskFiles, Options, ReadFiles, check};
use crate::diag::format::Examined;
use crate::diag::{Diagnostic, fix};
use crate::report::words::count;
use crate::source::{SourceFile, Sources};
use indexmap::IndexMap;
use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

/// Edits can make room for others. Where that has not ended after so many rounds, it never would.
const MAX_ROUNDS: usize = 100;

/// Which edits are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that cannot change what the scenario means.
    Safe,
    /// Those that are probably meant, too.
    All,
}

/// What became of the files.
#[derive(Debug, Default)]
pub struct Mended {
    desk: Desk,
    /// How many findings were mended.
    count: usize,
    standard_input: Option<(String, Examined)>,
}

/// A file that is to be changed.
#[derive(Clone, Debug)]
struct Changed {
    /// As messages call it.
    name: String,
    before: String,
    after: String,
}

/// The texts as they will be, over those on disk: what one scenario changed in an include, the next one reads.
#[derive(Debug, Default)]
struct Desk {
    changed: RefCell<IndexMap<PathBuf, Changed>>,
}

impl ReadFiles for Desk {
    fn read(&self, path: &Path) -> io::Result<String> {
        let changed = path.canonicalize().ok().and_then(|path| self.text(&path));
        changed.map_or_else(|| DiskFiles.read(path), Ok)
    }

    fn first_line(&self, path: &Path) -> io::Result<String> {
        DiskFiles.first_line(path)
    }
}

impl Desk {
    fn text(&self, path: &Path) -> Option<String> {
        self.changed.borrow().get(path).map(|changed| changed.after.clone())
    }

    fn put(&self, path: PathBuf, file: &SourceFile, after: String) {
        let mut changed = self.changed.borrow_mut();
        let new = || Changed { name: file.name().into(), before: file.text().into(), after: String::new() };
        changed.entry(path).or_insert_with(new).after = after;
    }
}

/// Mends scenarios, one after the other; those that cannot be read are left out.
pub fn mend(examined: &[Examined], params: &Params, which: Which) -> Mended {
    let mut mended = Mended::default();
    for one in examined.iter().filter(|one| one.unreadable.is_none()) {
        let Some(file) = one.sources.files().first() else { continue };
        let work = Work { desk: &mended.desk, params, which, root: Root::of(file) };
        let (rounds, last) = work.run(file);
        mended.count += rounds;
        if work.root == Root::StandardInput {
            mended.standard_input = Some((file.text().to_owned(), last));
        }
    }
    mended
}

/// Where the scenario lies, which says what may be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Root {
    /// Nothing but its text.
    StandardInput,
    /// The file, and the folder that includes may be changed in.
    File(PathBuf, PathBuf),
}

impl Root {
    fn of(file: &SourceFile) -> Root {
        let found = file.is_on_disk().then(|| Path::new(file.name()).canonicalize().ok()).flatten();
        let folder = Path::new(file.name()).parent().map(|folder| folder.join("."));
        let folder = folder.and_then(|folder| folder.canonicalize().ok());
        match (found, folder) {
            (Some(path), Some(folder)) => Root::File(path, folder),
            _ => Root::StandardInput,
        }
    }
}

/// One scenario that is being mended.
struct Work<'a> {
    desk: &'a Desk,
    params: &'a Params,
    which: Which,
    root: Root,
}

impl Work<'_> {
    /// Mends until nothing is left to mend: how many findings that were, and what is left.
    fn run(&self, file: &SourceFile) -> (usize, Examined) {
        let before = self.desk.changed.borrow().clone();
        let mut text = match &self.root {
            Root::File(path, _) => self.desk.text(path).unwrap_or_else(|| file.text().to_owned()),
            Root::StandardInput => file.text().to_owned(),
        };
        let mut mended = 0;
        let mut refused: Vec<(&'static str, String)> = Vec::new();
        for _ in 0..MAX_ROUNDS {
            let now = self.check(file.name(), &text);
            let wanted = now.found.iter().filter(|finding| {
                self.may_mend(&now.sources, finding)
                    && !refused
                        .iter()
                        .any(|(code, message)| *code == finding.code && *message == finding.message)
            });
            let chosen = fix::compatible(wanted);
            if chosen.is_empty() {
                return (mended, now);
            }
            if let Some(new) = self.apply(&now, &chosen) {
                (text, mended) = (new, mended + chosen.len());
                continue;
            }
            // Together they make it worse: one of them does, the others are made one at a time.
            let single = chosen.iter().find_map(|one| self.apply(&now, &[one]));
            match single {
                Some(new) => (text, mended) = (new, mended + 1),
                None => refused.extend(chosen.iter().map(|one| (one.code, one.message.clone()))),
            }
        }
        // It never ends, so it is no remedy: everything stays as it was.
        *self.desk.changed.borrow_mut() = before;
        (0, self.check(file.name(), file.text()))
    }

    fn check(&self, name: &str, text: &str) -> Examined {
        let mut sources = Sources::new();
        // The text was read from a file, and edits add a few bytes.
        if let Err(error) = sources.add(name, text) {
            return Examined {
                name: name.into(),
                unreadable: Some(error.to_string()),
                ..Examined::default()
            };
        }
        let options = Options { params: &self.params.values, files: self.desk };
        let checked = check(&mut sources, &options);
        Examined { name: name.into(), sources, found: checked.diagnostics, unreadable: None }
    }

    /// Whether a finding has edits that are wanted, all of them where something may be changed.
    fn may_mend(&self, sources: &Sources, finding: &Diagnostic) -> bool {
        let wanted = match self.which {
            Which::Safe => fix::is_safe(finding),
            Which::All => !finding.fixes.is_empty(),
        };
        wanted
            && finding.fixes.iter().all(|fix| {
                let file = sources.file_of(fix.span);
                if file.base() == 0 {
                    return true;
                }
                // What one scenario does not use of an include another may.
                finding.is_error() && file.is_on_disk() && self.path_of_include(file).is_some()
            })
    }

    /// The path of an included file that may be changed.
    fn path_of_include(&self, file: &SourceFile) -> Option<PathBuf> {
        let Root::File(_, folder) = &self.root else { return None };
        let path = Path::new(file.name()).canonicalize().ok()?;
        path.starts_with(folder).then_some(path)
    }

    /// Makes edits where every file reads as well afterwards; gives the scenario's own new text.
    fn apply(&self, now: &Examined, chosen: &[&Diagnostic]) -> Option<String> {
        let fixes = || chosen.iter().flat_map(|finding| &finding.fixes);
        let files = now.sources.files();
        let touched: Vec<(&SourceFile, String)> = files
            .iter()
            .filter(|file| fixes().any(|fix| file.span().contains(fix.span)))
            .map(|file| (file, fix::edited(file, fixes())))
            .collect();
        if touched.iter().any(|(file, text)| text == file.text() || mistakes(text) > mistakes(file.text())) {
            return None;
        }
        let mut own = files[0].text().to_owned();
        for (file, text) in touched {
            let path = match (&self.root, file.base() == 0) {
                (Root::File(path, _), true) => Some(path.clone()),
                (_, true) => None,
                (_, false) => self.path_of_include(file),
            };
            if file.base() == 0 {
                own.clone_from(&text);
            }
            if let Some(path) = path {
                self.desk.put(path, file, text);
            }
        }
        Some(own)
    }
}

/// How many mistakes the parser finds in a text.
fn mistakes(text: &str) -> usize {
    let mut sources = Sources::new();
    match sources.add("", text) {
        Ok(index) => crate::syntax::parse(&sources.files()[index]).diagnostics.len(),
        Err(_) => usize::MAX,
    }
}

impl Mended {
    /// Shows what would be changed. Says no where that is anything.
    pub fn show(&self) -> Exit {
        let color = output::data_style().color;
        let changed = self.desk.changed.borrow();
        let mut text: String = changed
            .values()
            .map(|file| diff::unified(&file.name, &file.before, &file.after, color))
            .collect();
        if let Some((before, left)) = &self.standard_input {
            text.push_str(&diff::unified(&left.name, before, left.sources.files()[0].text(), color));
        }
        let exit = if text.is_empty() { Exit::Good } else { Exit::Bad };
        let what = if text.is_empty() {
            "nothing to fix".into()
        } else {
            format!("{} to fix", count(self.count as u64, "mistake"))
        };
        output::say(&what);
        output::data(text.as_bytes(), exit)
    }

    /// Writes what was changed, standard input's text to standard output.
    pub fn write(&self) -> Exit {
        let changed = self.desk.changed.borrow();
        let mut exit = Exit::Good;
        for (path, file) in changed.iter().filter(|(_, file)| file.before != file.after) {
            if let Err(error) = file::replace(path, &file.after) {
                output::say(&format!("cannot write `{}`: {error}; it is as it was", file.name));
                exit = Exit::Impossible;
            }
        }
        if self.count > 0 && exit == Exit::Good {
            output::say(&format!("mended {}", count(self.count as u64, "mistake")));
        }
        match &self.standard_input {
            Some((_, left)) => exit.worse(output::data(left.sources.files()[0].text().as_bytes(), exit)),
            None => exit,
        }
    }

    /// What is left of standard input, where that was a scenario.
    pub fn standard_input(&self) -> Option<&Examined> {
        self.standard_input.as_ref().map(|(_, left)| left)
    }
}
