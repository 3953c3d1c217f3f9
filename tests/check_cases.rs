//! What the checker finds, as data: `tests/check/*.soak`, and in `tests/mistakes/*.soak` what people new to the language write.
//!
//! A case is a whole scenario. A comment `#! E0203 part of the message` names a finding on its own line or, where the
//! comment stands alone, on the next line that is none; a case has exactly the findings it names. Several cases stand
//! in one file, each behind a line `#= name`; `#=` with `--param name=value` behind the name gives parameters.

mod check_data;

use check_data::{Case, all_cases, check_text};
use soak::check::{DiskFiles, Options, check};
use soak::diag::{Diagnostic, codes};
use soak::source::Sources;

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
    let cases = all_cases();
    let wrong: Vec<String> = cases.iter().flat_map(judge).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 60, "only {} cases were read", cases.len());
}

/// Scenarios that are run, here or by those who read them.
const CLEAN: &[&str] = &["tests/fixtures", "examples", "benches", "src/cli/init"];

#[test]
fn whole_scenarios_are_clean() {
    let files = CLEAN.iter().flat_map(walkdir::WalkDir::new).map(|entry| entry.unwrap().into_path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "soak")).collect();
    assert!(files.len() >= 20, "only {} files", files.len());
    for path in files {
        let path = path.to_string_lossy();
        let name = &path;
        let mut sources = Sources::new();
        sources.add(&*path, std::fs::read_to_string(&*path).unwrap()).unwrap();
        let checked = check(&mut sources, &Options { params: &[], files: &DiskFiles });
        let found: Vec<String> = checked.diagnostics.iter().map(|finding| shown(&sources, finding)).collect();
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
        assert!(checked.scenario.is_some(), "{name}");
    }
}

#[test]
fn bad_examples_give_their_code_and_good_ones_nothing() {
    let mut wrong = Vec::new();
    let mine = codes::codes().filter(|code| {
        // Those of the parser have tests of their own; those of runs are no mistakes of a text.
        !code.code.starts_with("E01") && !code.code.starts_with('R') && code.code != "E0790"
    });
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
