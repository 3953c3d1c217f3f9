//! What the checker finds, as data: `tests/check/*.soak`.
//!
//! A case is a whole scenario. A comment `#! E0203 part of the message` names a finding on its own line or, where the
//! comment stands alone, on the next line that is none; a case has exactly the findings it names. Several cases stand
//! in one file, each behind a line `#= name`; `#=` with `--param name=value` behind the name gives parameters.

use soak::check::{Checked, DiskFiles, Options, ReadFiles, check};
use soak::diag::{Diagnostic, codes};
use soak::source::Sources;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// Files that cases include, and nothing else.
struct Files(HashMap<PathBuf, &'static str>);

impl ReadFiles for Files {
    fn read(&self, path: &Path) -> io::Result<String> {
        let text = self.0.get(path).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))?;
        Ok(text.to_string())
    }

    fn first_line(&self, path: &Path) -> io::Result<String> {
        self.read(path).map(|text| text.lines().next().unwrap_or("").to_string())
    }
}

fn files() -> Files {
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

fn check_text(text: &str, params: &[(String, String)]) -> (Sources, Checked) {
    let mut sources = Sources::new();
    sources.add("case.soak", text).unwrap();
    let checked = check(&mut sources, &Options { params, files: &files() });
    (sources, checked)
}

/// A finding that a case names: its line, its code, a part of its message or help.
#[derive(Debug)]
struct Expected {
    line: usize,
    code: String,
    part: String,
}

struct Case {
    name: String,
    params: Vec<(String, String)>,
    text: String,
    expected: Vec<Expected>,
}

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

fn shown(sources: &Sources, finding: &Diagnostic) -> String {
    let file = sources.file_of(finding.span());
    let place = sources.position(finding.span());
    let help = finding.help.as_deref().unwrap_or("");
    format!(
        "{}:{place} {} {} [{}] ({help})",
        file.name(),
        finding.code,
        finding.message,
        finding.labels[0].text
    )
}

fn judge(case: &Case) -> Vec<String> {
    let (sources, checked) = check_text(&case.text, &case.params);
    let mut open: Vec<&Diagnostic> = checked.diagnostics.iter().collect();
    let mut wrong = Vec::new();
    for expected in &case.expected {
        let found = open.iter().position(|finding| {
            let said = format!("{} {}", finding.message, finding.help.as_deref().unwrap_or(""));
            let given = sources.file_of(finding.span()).name().starts_with("--param");
            finding.code == expected.code
                && (given || sources.line(finding.span()) as usize == expected.line)
                && said.contains(&expected.part)
        });
        match found {
            Some(index) => drop(open.remove(index)),
            None => wrong.push(format!("{}: not found: {expected:?}", case.name)),
        }
    }
    wrong.extend(
        open.iter().map(|finding| format!("{}: also found: {}", case.name, shown(&sources, finding))),
    );
    for finding in &checked.diagnostics {
        if codes::find(finding.code).is_none() {
            wrong.push(format!("{}: {} is not in the table of codes", case.name, finding.code));
        }
    }
    wrong
}

#[test]
fn every_case_finds_what_it_names() {
    let mut count = 0;
    let mut wrong = Vec::new();
    let mut paths: Vec<_> =
        std::fs::read_dir("tests/check").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        for case in cases(&path.file_name().unwrap().to_string_lossy(), &text) {
            count += 1;
            wrong.extend(judge(&case));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "only {count} cases were read");
}

#[test]
fn the_five_scenarios_are_clean() {
    for name in ["burn-in", "campus-vehicle", "cloud-week", "job-claims", "observer-load"] {
        let path = format!("tests/fixtures/{name}.soak");
        let mut sources = Sources::new();
        sources.add(path.as_str(), std::fs::read_to_string(&path).unwrap()).unwrap();
        let checked = check(&mut sources, &Options { params: &[], files: &DiskFiles });
        let found: Vec<String> = checked.diagnostics.iter().map(|finding| shown(&sources, finding)).collect();
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
        assert!(checked.scenario.is_some(), "{name}");
    }
}

#[test]
fn bad_examples_give_their_code_and_good_ones_nothing() {
    let mut wrong = Vec::new();
    let mine = codes::codes().filter(|code| !code.code.starts_with("E01") && code.code != "E0790");
    for code in mine {
        let (_, bad) = check_text(code.bad, &[]);
        if !bad.diagnostics.iter().any(|finding| finding.code == code.code) {
            let found: Vec<&str> = bad.diagnostics.iter().map(|finding| finding.code).collect();
            wrong.push(format!("{}: its bad example gives {found:?}", code.code));
        }
        let (sources, good) = check_text(code.good, &[]);
        let left = good.diagnostics.iter().filter(|f| code.code.starts_with('W') || f.code != "W0902");
        wrong.extend(
            left.map(|finding| format!("{}: its good example gives {}", code.code, shown(&sources, finding))),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_examples_of_kinds_check() {
    let mut wrong = Vec::new();
    for kind in soak::kinds::KINDS {
        let mut texts = vec![kind.example.to_string()];
        let declaration: String = declaration(kind.example);
        texts.extend(kind.verbs.iter().map(|verb| format!("{declaration}\n{}", verb.example)));
        for text in texts {
            let (sources, checked) = check_text(&text, &[]);
            // Some verbs need a setting that the kind's own example does without.
            let lacks = checked.diagnostics.iter().any(|finding| finding.code == "E0409");
            let richer =
                text.replace("8080\"\n}", "8080\"\n  http\n}").replace("5432\"\n}", "5432\"\n  http\n}");
            let richer = richer.replace("data\" }", "data\"; faulty }");
            let (sources, checked) = if lacks { check_text(&richer, &[]) } else { (sources, checked) };
            let errors = checked.diagnostics.iter().filter(|finding| finding.is_error());
            wrong
                .extend(errors.map(|finding| format!("{}: {}\n{text}", kind.name, shown(&sources, finding))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The declarations at the front of a kind's example, with its permits.
fn declaration(example: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in example.lines() {
        let opens = soak::kinds::KINDS
            .iter()
            .any(|kind| line.starts_with(&format!("{} ", kind.name)) && line.contains('{'));
        if inside
            || opens && !line.starts_with("machine ")
            || line.starts_with("permit") && !line.contains("machine")
        {
            kept.push_str(line);
            kept.push('\n');
            inside = (inside || opens) && !line.trim_end().ends_with('}');
        }
    }
    kept
}
