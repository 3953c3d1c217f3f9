//! The cases in `tests/check/*.soak` and `tests/mistakes/*.soak`, read; `tests/check_cases.rs` describes their form.

// Each test that shares this uses a part of it.
#![allow(dead_code)]

use soak::check::{Checked, Options, ReadFiles, check};
use soak::source::Sources;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// Files that cases include, and nothing else.
pub struct Files(HashMap<PathBuf, &'static str>);

impl ReadFiles for Files {
    fn read(&self, path: &Path) -> io::Result<String> {
        let text = self.0.get(path).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))?;
        Ok(text.to_string())
    }

    fn first_line(&self, path: &Path) -> io::Result<String> {
        self.read(path).map(|text| text.lines().next().unwrap_or("").to_string())
    }
}

pub fn files() -> Files {
    Files(HashMap::from([
        (PathBuf::from("people.csv"), "id,name\n1,Ada\n"),
        (
            PathBuf::from("common.soak"),
            "process app { run \"app\" }\nsequence flap(times = 3) { repeat times < app kill 1s > }\n",
        ),
        (PathBuf::from("story.soak"), "wait 5s\n"),
        (PathBuf::from("circle.soak"), "include \"circle.soak\"\n"),
    ]))
}

pub fn check_text(text: &str, params: &[(String, String)]) -> (Sources, Checked) {
    let mut sources = Sources::new();
    sources.add("case.soak", text).unwrap();
    let checked = check(&mut sources, &Options { params, files: &files() });
    (sources, checked)
}

/// A finding that a case names: its line, its code, a part of its message or help.
#[derive(Debug)]
pub struct Expected {
    pub line: usize,
    pub code: String,
    pub part: String,
}

pub struct Case {
    pub name: String,
    pub params: Vec<(String, String)>,
    pub text: String,
    pub expected: Vec<Expected>,
}

/// The cases of one file.
fn cases(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("#= ") {
            let mut words = name.split(" --param ");
            let name = format!("{file}: {}", words.next().unwrap_or(""));
            let params =
                words.filter_map(|word| word.split_once('=')).map(|(n, v)| (n.into(), v.into())).collect();
            cases.push(Case { name, params, text: String::new(), expected: Vec::new() });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some((code, alone)) = line.split_once("#! ").map(|(code, rest)| (rest, code.trim().is_empty()))
        {
            let (code, part) = code.split_once(' ').unwrap_or((code, ""));
            let line = case.text.lines().count() + 1 + usize::from(alone);
            // Comments that stand alone one above the other speak of the same line.
            if alone && let Some(last) = case.expected.iter_mut().rev().find(|e| e.line == line - 1) {
                last.line = line;
            }
            case.expected.push(Expected { line, code: code.into(), part: part.trim().into() });
        }
        case.text.push_str(line);
        case.text.push('\n');
    }
    cases
}

/// The cases of all files.
pub fn all_cases() -> Vec<Case> {
    let folders = ["tests/check", "tests/mistakes"].into_iter();
    let entries = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        cases(&path.file_name().unwrap().to_string_lossy(), &text)
    };
    paths.into_iter().flat_map(read).collect()
}
