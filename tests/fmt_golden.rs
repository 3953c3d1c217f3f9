//! The formatter: golden outputs, and what it must never do to any scenario.

mod fmt_support;

use fmt_support::{Read, kept};
use std::path::{Path, PathBuf};

fn check(text: &str, name: &str) -> Option<String> {
    kept(text).unwrap_or_else(|changed| panic!("{name}: {changed}"))
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

/// `name.soak` is formatted to `name.expected`; with SOAK_BLESS set, the expectation is written anew.
#[test]
fn golden_files_come_out_as_expected() {
    for path in files("fmt") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.display().to_string();
        let formatted = check(&text, &name).unwrap_or_else(|| panic!("{name} has mistakes"));
        let expected = path.with_extension("expected");
        if std::env::var_os("SOAK_BLESS").is_some() {
            std::fs::write(&expected, &formatted).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&expected).unwrap(), formatted, "{name}");
    }
}

#[test]
fn whole_scenarios_keep_their_meaning() {
    for path in files("fixtures") {
        let text = std::fs::read_to_string(&path).unwrap();
        let formatted = check(&text, &path.display().to_string()).unwrap();
        // They were written by hand: all but a few columns are as the formatter has them.
        let lines = |text: &str| text.lines().map(str::to_string).collect::<Vec<_>>();
        let (before, after) = (lines(&text), lines(&formatted));
        assert_eq!(before.len(), after.len(), "{path:?}");
        let squeeze = |line: &String| line.split_whitespace().collect::<Vec<_>>().join(" ");
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(squeeze(before), squeeze(after), "{path:?}");
        }
    }
}

#[test]
fn a_file_with_mistakes_is_left_alone() {
    for text in ["wait 5 s", "phase \"x\" {", "let repeat = 3s", "mix m { 3: a }"] {
        assert_eq!(Read::new(text).formatted(), None, "{text}");
    }
}

#[test]
fn line_endings_and_marks_of_editors_are_normalised() {
    assert_eq!(check("\u{feff}wait 5s\r\n\r\n\r\nwait\t3s\r\n", "CRLF").unwrap(), "wait 5s\n\nwait 3s\n");
}

/// What a comment allows is allowed after formatting as before, also where the form of its statement changes.
#[test]
fn comments_that_allow_stay_with_their_statement() {
    let link = "link wifi{listen \"127.0.0.1:1\";to \"127.0.0.1:2\"}\nexpect wifi.connections == 0 at end\n";
    let long = "note \"a note that is long enough to push what stands here beyond the width of a line\"";
    let cases = [
        "param limit=5 # soak: allow(W0901)".to_string(),
        "param limit=5; param most=6 # soak: allow(W0901)".into(),
        "# soak: allow(W0901)\n\n\nparam   limit=5".into(),
        "phase \"Off\" {wait 1s;wifi off} # soak: allow(W0907)".into(),
        format!("phase \"Off\" {{ wait 1s; {long}; {long}; wifi off }} # soak: allow(W0907)"),
        format!("repeat 3 < wait 1s; {long}; wifi off > # soak: allow(W0907)"),
        "repeat 3 { # soak: allow(W0907)\nwait 1s; wifi off }".into(),
        "choose { # a note\n# soak: allow(W0907)\n1: wifi off\n2: wait 5s }".into(),
        "parallel {\n# soak: allow(W0908)\nwifi off 10s\nwifi degrade latency 1s for 10s }".into(),
        "process app {\nrun \"app\"\n# soak: allow(W0904)\nenv API_TOKEN \"abc\" }".into(),
        "process app {\nrun \"app\"\n;  # soak: allow(W0904)\nenv API_TOKEN \"abc\" }".into(),
    ];
    for case in cases {
        // What is found is part of what formatting keeps.
        assert!(check(&format!("{case}\n{link}"), &case).is_some(), "{case}");
    }
}
