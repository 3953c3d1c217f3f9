//! What the parser reads and what it says: whole scenarios, annotated files, the examples of the codes.

use soak::diag::{Diagnostic, codes};
use soak::source::Sources;
use soak::syntax::{self, Parsed};
use std::path::{Path, PathBuf};

fn read(text: &str) -> (Sources, Parsed) {
    let mut sources = Sources::new();
    sources.add("test.soak", text).unwrap();
    let parsed = syntax::parse(&sources.files()[0]);
    (sources, parsed)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|ext| ext == "soak")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn show(sources: &Sources, diagnostics: &[Diagnostic]) -> Vec<String> {
    let line =
        |found: &Diagnostic| format!("{} {} {}", sources.position(found.span()), found.code, found.message);
    diagnostics.iter().map(line).collect()
}

#[test]
fn whole_scenarios_are_read_without_a_finding() {
    for path in files("fixtures") {
        let (sources, parsed) = read(&std::fs::read_to_string(&path).unwrap());
        assert!(parsed.diagnostics.is_empty(), "{path:?}: {:#?}", show(&sources, &parsed.diagnostics));
    }
}

/// In `tests/syntax`, `# ~ E0104: there is no unit` says what is expected on its line; `# ~^` is about the line above.
#[test]
fn annotated_files_give_what_their_comments_say() {
    let mut wrong = Vec::new();
    for path in files("syntax") {
        let text = std::fs::read_to_string(&path).unwrap();
        let (sources, parsed) = read(&text);
        let mut expected = Vec::new();
        for (index, line) in text.lines().enumerate() {
            for note in line.split("# ~").skip(1) {
                let above = note.chars().take_while(|c| *c == '^').count();
                let (code, message) =
                    note[above..].trim().split_once(':').unwrap_or((note[above..].trim(), ""));
                expected.push((
                    index as u32 + 1 - above as u32,
                    code.to_string(),
                    message.trim().to_string(),
                ));
            }
        }
        for found in &parsed.diagnostics {
            let line = sources.line(found.span());
            let fits = |(at, code, message): &(u32, String, String)| {
                *at == line && code == found.code && found.message.contains(message.as_str())
            };
            match expected.iter().position(fits) {
                Some(index) => drop(expected.remove(index)),
                None => wrong.push(format!("{path:?}:{line}: unexpected {} {}", found.code, found.message)),
            }
        }
        wrong.extend(
            expected.iter().map(|(line, code, message)| format!("{path:?}:{line}: missed {code} {message}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_examples_of_the_codes_show_what_they_say() {
    let mut wrong = Vec::new();
    for code in codes::codes().filter(|code| code.code.starts_with("E01") && !code.bad.is_empty()) {
        let (sources, bad) = read(code.bad);
        if bad.diagnostics.len() != 1 || bad.diagnostics[0].code != code.code {
            wrong.push(format!("{} bad: {:?}", code.code, show(&sources, &bad.diagnostics)));
        }
        let (sources, good) = read(code.good);
        if !good.diagnostics.is_empty() {
            wrong.push(format!("{} good: {:?}", code.code, show(&sources, &good.diagnostics)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A fix that is offered as safe mends the mistake that it belongs to.
#[test]
fn safe_fixes_mend_the_examples() {
    for code in codes::codes().filter(|code| code.code.starts_with("E01")) {
        let (_, bad) = read(code.bad);
        for found in &bad.diagnostics {
            if found.fixes.is_empty() || !found.fixes.iter().all(|fix| fix.safe) {
                continue;
            }
            let mut text = code.bad.to_string();
            let mut fixes = found.fixes.clone();
            fixes.sort_by_key(|fix| std::cmp::Reverse(fix.span.start));
            for fix in fixes {
                text.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
            }
            let (sources, mended) = read(&text);
            assert!(mended.diagnostics.is_empty(), "{text}: {:?}", show(&sources, &mended.diagnostics));
        }
    }
}

#[test]
fn every_finding_is_registered_and_codes_are_unique() {
    let all: Vec<_> = codes::codes().map(|code| code.code).collect();
    let mut unique = all.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(all.len(), unique.len());
}
