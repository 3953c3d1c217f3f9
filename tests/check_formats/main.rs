//! The forms in which findings are shown: what they hold, and that what reads them can.

use serde_json::Value;
use soak::check::{DiskFiles, Options, check};
use soak::diag::codes;
use soak::diag::format::{self, Examined, Setting};
use soak::diag::human::Style;
use soak::source::Sources;

const SETTING: Setting = Setting { style: Style::PLAIN, strict: false, folder: String::new() };

fn examined(name: &str, text: &str, params: &[(&str, &str)]) -> Examined {
    let mut sources = Sources::new();
    sources.add(name, text).unwrap();
    let params: Vec<(String, String)> = params.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let checked = check(&mut sources, &Options { params: &params, files: &DiskFiles });
    Examined { name: name.into(), sources, found: checked.diagnostics, unreadable: None }
}

fn unreadable(name: &str) -> Examined {
    Examined { name: name.into(), unreadable: Some(format!("`{name}` is no text")), ..Examined::default() }
}

/// Mistakes of each sort: an error, a warning, two places, a fix, one on the command line, a file without and one unread.
fn several() -> Vec<Examined> {
    vec![
        examined(
            "a folder/ünits, 100%:.soak",
            "scenario \"A\"\nlet ärger = 3\nlet x = 1\nlet x = 2\nnote \"𝄞\"; expect machine.cpu > 50 %\n",
            &[],
        ),
        examined("clean.soak", "scenario \"B\"\nwait 1s\nexpect machine.memory < 100%\n", &[]),
        examined(
            "warned.soak",
            "scenario \"C\"\nlet unused = 3\nwait 1s\nexpect machine.memory < 100%\n",
            &[],
        ),
        examined(
            "given.soak",
            "scenario \"D\"\nparam length = 1s\nwait length\nexpect machine.memory < 100%\n",
            &[("length", "2")],
        ),
        unreadable("binary.soak"),
    ]
}

fn rendered(name: &str, examined: &[Examined], setting: &Setting) -> String {
    (format::find(name).unwrap().render)(examined, setting)
}

#[test]
fn each_form_of_several_files() {
    for format in format::FORMATS {
        insta::assert_snapshot!(format.name, rendered(format.name, &several(), &SETTING));
    }
}

#[test]
fn each_form_of_nothing() {
    for format in format::FORMATS {
        let text = rendered(format.name, &[], &SETTING);
        match format.name {
            "sarif" => assert_sarif(&text),
            "junit" => assert_eq!(cases(&text), []),
            _ => assert_eq!(text, "", "{}", format.name),
        }
    }
}

/// What the schema of the standard objects to in a log.
fn objections(log: &str) -> Vec<String> {
    let mut schema: Value = serde_json::from_str(include_str!("sarif-schema-2.1.0.json")).unwrap();
    // This pattern has a bracket too many, which strict readers of regular expressions refuse; soak writes no language.
    for owner in ["run", "toolComponent"] {
        let language = schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap();
        language.remove("pattern").unwrap();
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let log: Value = serde_json::from_str(log).unwrap();
    validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[track_caller]
fn assert_sarif(log: &str) {
    let wrong = objections(log);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sarif_is_valid_whatever_is_found() {
    assert_sarif(&rendered("sarif", &several(), &SETTING));
    let examples: Vec<Examined> = codes::codes()
        .filter(|code| !code.bad.is_empty())
        .map(|code| examined(&format!("{}.soak", code.code), code.bad, &[]))
        .collect();
    let log = rendered("sarif", &examples, &SETTING);
    assert_sarif(&log);
    let log: Value = serde_json::from_str(&log).unwrap();
    let (rules, results) = (&log["runs"][0]["tool"]["driver"]["rules"], &log["runs"][0]["results"]);
    assert!(results.as_array().unwrap().len() > 80);
    for result in results.as_array().unwrap() {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
}

#[test]
fn the_schema_refuses_what_is_no_sarif() {
    let log = rendered("sarif", &several(), &SETTING);
    for (right, wrong) in
        [("\"startLine\": 2", "\"startLine\": 0"), ("\"uri\": \"given", "\"uri\": \"a b\\\\given")]
    {
        assert!(log.contains(right), "{right}");
        assert!(!objections(&log.replace(right, wrong)).is_empty(), "{wrong}");
    }
}

#[test]
fn columns_of_sarif_count_utf16_units() {
    let log: Value = serde_json::from_str(&rendered("sarif", &several(), &SETTING)).unwrap();
    assert_eq!(log["runs"][0]["columnKind"], "utf16CodeUnits");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let spaced = results.iter().find(|result| result["ruleId"] == "E0105").unwrap();
    let region = &spaced["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"];
    // `note "𝄞"; expect machine.cpu > ` is 31 characters and one of them has two units.
    assert_eq!((region["startLine"].as_u64(), region["startColumn"].as_u64()), (Some(5), Some(33)));
    let uri = &spaced["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "a%20folder/%C3%BCnits%2C%20100%25%3A.soak");
}

/// The test cases of a report: name, and whether it failed or could not be done. Fails where it is no XML.
fn cases(report: &str) -> Vec<(String, bool)> {
    let document = roxmltree::Document::parse(report).unwrap();
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    cases
        .map(|case| {
            let bad = |node: roxmltree::Node| node.has_tag_name("failure") || node.has_tag_name("error");
            (case.attribute("name").unwrap().to_owned(), case.children().any(bad))
        })
        .collect()
}

#[test]
fn junit_has_a_case_for_each_file() {
    let failed = |setting: &Setting| -> Vec<bool> {
        cases(&rendered("junit", &several(), setting)).iter().map(|(_, failed)| *failed).collect()
    };
    assert_eq!(failed(&SETTING), [true, false, false, true, true]);
    let strict = Setting { strict: true, ..SETTING.clone() };
    assert_eq!(failed(&strict), [true, false, true, true, true]);
}

#[test]
fn no_control_character_reaches_a_report() {
    let damaged = [examined("damaged\u{1}.soak", "wait 5s\u{1}\u{7f} ]]> <&\"\nnote \"\u{1b}[31m\"\n", &[])];
    let report = rendered("junit", &damaged, &SETTING);
    assert_eq!(cases(&report).len(), 1);
    assert!(!report.contains(|c: char| c.is_control() && c != '\n'), "{report:?}");
    assert_sarif(&rendered("sarif", &damaged, &SETTING));
}

#[test]
fn a_workflow_command_stays_on_its_line() {
    let setting = Setting { folder: "sub/".into(), ..SETTING.clone() };
    let text = rendered("github", &several(), &setting);
    for line in text.lines() {
        assert!(line.starts_with("::error ") || line.starts_with("::warning "), "{line}");
    }
    let first = text.lines().next().unwrap();
    assert!(first.contains("file=sub/a folder/ünits%2C 100%25%3A.soak,line="), "{first}");
    assert!(text.contains("%0Ahelp: "), "{text}");
    let absolute = [unreadable("/somewhere/x.soak")];
    assert!(rendered("github", &absolute, &setting).starts_with("::error file=/somewhere/x.soak::"));
}

#[test]
fn a_mistake_in_a_shared_include_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("common.soak"), "let limit = 1s\nlet limit = 2s\n").unwrap();
    let text = "scenario \"A\"\ninclude \"common.soak\"\nwait limit\nexpect machine.memory < 100%\n";
    let one = |name: &str| examined(folder.path().join(name).to_str().unwrap(), text, &[]);
    let both = [one("a.soak"), one("b.soak")];
    assert!(both.iter().all(|one| one.found.len() == 1));
    assert_eq!(rendered("concise", &both, &SETTING).lines().count(), 1);
    let failed: Vec<bool> = cases(&rendered("junit", &both, &SETTING)).iter().map(|(_, f)| *f).collect();
    assert_eq!(failed, [true, true], "each of them fails by it");
}
