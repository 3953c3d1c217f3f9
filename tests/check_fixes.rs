//! Every fix that a finding proposes mends it: made alone, the finding is gone and no new error is there.

mod check_data;

use check_data::{all_cases, check_text};
use soak::check::Checked;
use soak::diag::{Diagnostic, codes, fix};
use soak::source::Sources;

/// A text with mistakes, and what it is called where a fix does not mend it.
struct Broken {
    name: String,
    params: Vec<(String, String)>,
    text: String,
}

/// The cases of the checker, the bad examples of all codes, and each line of the parser's mistakes.
fn all() -> Vec<Broken> {
    let cases =
        all_cases().into_iter().map(|case| Broken { name: case.name, params: case.params, text: case.text });
    let examples = codes::codes().map(|code| Broken {
        name: format!("the bad example of {}", code.code),
        params: Vec::new(),
        text: code.bad.to_string(),
    });
    let mut files = Vec::new();
    for entry in std::fs::read_dir("tests/syntax").unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        files.push(Broken { name: path.display().to_string(), params: Vec::new(), text });
    }
    cases.chain(examples).chain(files).collect()
}

/// A finding by what stays the same when the text around it changes.
fn told(sources: &Sources, finding: &Diagnostic) -> (&'static str, String, String) {
    (finding.code, finding.message.clone(), sources.text(finding.span()).to_owned())
}

fn count(sources: &Sources, checked: &Checked, wanted: &(&'static str, String, String)) -> usize {
    checked.diagnostics.iter().filter(|finding| told(sources, finding) == *wanted).count()
}

/// What is wrong with the fix of one finding; `None` where it mends it.
fn judge(broken: &Broken, sources: &Sources, before: &Checked, finding: &Diagnostic) -> Option<String> {
    let text = fix::edited(&sources.files()[0], &finding.fixes);
    let (changed, after) = check_text(&text, &broken.params);
    let wanted = told(sources, finding);
    let problem = if text == sources.files()[0].text() {
        "changes nothing".to_string()
    } else if count(&changed, &after, &wanted) >= count(sources, before, &wanted) {
        "leaves it".to_string()
    } else {
        // What could not be read was not checked either, so only the parser can say whether it is better now.
        let read = finding.code.starts_with("E01");
        let counts = |one: &&Diagnostic| one.is_error() && (!read || one.code.starts_with("E01"));
        let errors = |checked: &Checked| checked.diagnostics.iter().filter(counts).count();
        let (was, is) = (errors(before) - usize::from(finding.is_error()), errors(&after));
        if is <= was {
            return None;
        }
        let new: Vec<String> = after
            .diagnostics
            .iter()
            .filter(|one| counts(one) && count(sources, before, &told(&changed, one)) == 0)
            .map(|one| format!("{} {}: {}", changed.position(one.span()), one.code, one.message))
            .collect();
        if new.is_empty() {
            return None;
        }
        format!("gives new errors: {}", new.join("; "))
    };
    let edits: Vec<String> = finding
        .fixes
        .iter()
        .map(|fix| format!("{} -> {:?}", sources.position(fix.span), fix.replacement))
        .collect();
    let place = sources.position(finding.span());
    Some(format!(
        "{}:{place}: the fix of {} ({}) {problem}\n    {}",
        broken.name,
        finding.code,
        finding.message,
        edits.join(", ")
    ))
}

/// The text without a closing quote in this file hides the mark of a block that is not closed either.
const HIDES: (&str, &str) = ("E0106", "blocks.soak");

#[test]
fn every_fix_mends_its_finding() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for broken in all() {
        let (sources, before) = check_text(&broken.text, &broken.params);
        for finding in before.diagnostics.iter().filter(|finding| !finding.fixes.is_empty()) {
            if finding.code == HIDES.0 && broken.name.ends_with(HIDES.1) {
                continue;
            }
            tried += 1;
            wrong.extend(judge(&broken, &sources, &before, finding));
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried >= 150, "only {tried} fixes were tried");
}

/// What these say is the form of a statement, with an example in it.
const FORMS: &[&str] = &["E0101", "E0112", "E0125", "E0126", "E0130", "W0911"];

/// A help that names what to write has a fix that writes it, unless what it names is an example or a form.
#[test]
fn a_help_that_can_be_pasted_is_a_fix() {
    let mut wrong = Vec::new();
    for broken in all() {
        let (_, checked) = check_text(&broken.text, &broken.params);
        for finding in &checked.diagnostics {
            let Some(help) = &finding.help else { continue };
            let concrete = help.starts_with("did you mean `") || help.starts_with("write `");
            let form = help.contains('…') || help.contains("NAME") || help.contains("--param");
            let form = form || FORMS.contains(&finding.code);
            if concrete && !form && finding.fixes.is_empty() {
                wrong.push(format!("{}: {} {} ({help})", broken.name, finding.code, finding.message));
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
