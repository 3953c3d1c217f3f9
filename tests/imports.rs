//! The rooms of the code and who may import whom, held over the `use crate::` lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may import. What is not listed is forbidden.
const ROOMS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("event", &[]),
    ("diag", &["source"]),
    ("lang", &["source", "diag"]),
    ("syntax", &["source", "diag", "lang"]),
    ("kinds", &["lang"]),
    ("check", &["source", "diag", "lang", "syntax", "kinds"]),
    ("plan", &["source", "diag", "lang", "syntax", "kinds", "check"]),
    ("measure", &["lang", "kinds"]),
    ("load", &["source", "lang", "kinds", "check", "measure", "event"]),
    ("expect", &["lang", "check", "event"]),
    ("store", &["lang", "kinds", "event"]),
    ("doctor", &["source", "kinds", "check", "store"]),
    ("report", &["lang", "event", "store", "source"]),
    ("ui", &["lang", "event", "store", "report", "source", "diag"]),
    (
        "run",
        &["source", "diag", "lang", "kinds", "check", "plan", "measure", "load", "expect", "event", "store"],
    ),
    (
        "cli",
        &[
            "source", "diag", "lang", "syntax", "kinds", "check", "plan", "measure", "load", "expect",
            "event", "store", "report", "ui", "run", "doctor",
        ],
    ),
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The rooms named by `crate::room` anywhere in a file's code, and `crate::{a, b}` lists.
fn imported(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or("").split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let word: String =
                name.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            rooms.insert(word);
        }
    }
    rooms
}

#[test]
fn no_room_imports_one_it_may_not() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut broken = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&source).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
        let room = first.trim_end_matches(".rs");
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            broken.push(format!("{}: the room `{room}` is not in the table of this test", inside.display()));
            continue;
        };
        for other in imported(&fs::read_to_string(file).unwrap()) {
            let known = ROOMS.iter().any(|(name, _)| *name == other);
            if known && other != room && !allowed.contains(&other.as_str()) {
                broken.push(format!("{}: `{room}` may not import `{other}`", inside.display()));
            }
        }
    }
    assert!(files.len() > 20, "the test looks at the sources");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let silent: Vec<_> =
        files.iter().filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!")).collect();
    assert!(silent.is_empty(), "no opening comment: {silent:?}");
}
