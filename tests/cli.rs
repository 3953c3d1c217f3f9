//! The program as its users meet it: exit codes, what goes where, and bad input.

#![cfg(target_os = "linux")]

mod cli_soak;
mod report_events;

use cli_soak::Soak;
use std::io::Read;
use std::process::Stdio;

/// A scenario without a mistake.
const GOOD: &str = "scenario \"A\"\n\nwait 1s\nexpect machine.memory < 100%\n";
/// One with a warning.
const UNUSED: &str = "scenario \"A\"\n\nlet x = 3\n\nwait 1s\nexpect machine.memory < 100%\n";
/// One with two errors.
const BAD: &str = "scenario \"A\"\n\nwait 1\nnonsense here\n";

#[test]
fn every_command_has_its_exit_codes() {
    let cases: &[(&[&str], i32)] = &[
        (&["check", "good.soak"], 0),
        (&["check", "unused.soak"], 0),
        (&["check", "--strict", "unused.soak"], 1),
        (&["check", "bad.soak"], 2),
        (&["check", "--strict", "bad.soak"], 2),
        (&["check", "good.soak", "bad.soak"], 2),
        (&["check", "good.soak", "absent.soak"], 2),
        (&["check", "param.soak", "--param", "length=2s"], 0),
        (&["check", "param.soak", "--param", "length=2"], 2),
        (&["check", "param.soak", "--param", "wrong=2s"], 2),
        (&["check", "param.soak", "--param", "length"], 2),
        (&["fmt", "--check", "good.soak"], 0),
        (&["fmt", "--check", "ugly.soak"], 1),
        (&["fmt", "--check", "torn.soak"], 2),
        (&["fmt"], 2),
        (&["kinds"], 0),
        (&["kinds", "link"], 0),
        (&["kinds", "lnik"], 2),
        (&["explain"], 0),
        (&["explain", "r0001"], 0),
        (&["explain", "E9999"], 2),
        (&["report", "."], 2),
        (&["report", "absent"], 2),
        (&["run", "bad.soak"], 2),
        (&["run", "absent.soak"], 2),
        (&["run"], 2),
        (&["run", "good.soak", "--seed", "no number"], 2),
        (&["run", "good.soak", "--deny", "everything"], 2),
        (&["plan", "bad.soak"], 2),
        (&["rehearse", "good.soak"], 0),
        (&["rehearse", "unused.soak", "--seed", "3", "--format", "json"], 0),
        (&["rehearse", "bad.soak"], 2),
        (&["rehearse", "absent.soak"], 2),
        (&["rehearse", "good.soak", "--seed", "-1"], 2),
        (&["rehearse", "param.soak", "--param", "length=2"], 2),
        (&["recover"], 0),
        (&["--version"], 0),
        (&["--help"], 0),
        (&["help", "run"], 0),
        (&["--nonsense"], 2),
        (&["nonsense"], 2),
        (&[], 2),
    ];
    let soak = Soak::new()
        .file("good.soak", GOOD)
        .file("unused.soak", UNUSED)
        .file("bad.soak", BAD)
        .file("torn.soak", "phase \"A\" {\n")
        .file("ugly.soak", "scenario \"A\"\nwait    1s")
        .file(
            "param.soak",
            "scenario \"A\"\n\nparam length = 1s\n\nwait length\nexpect machine.memory < 100%\n",
        );
    for (arguments, code) in cases {
        let ended = soak.run(arguments);
        let what = format!("{arguments:?}\n{}\n{}", ended.out, ended.err);
        assert_eq!(ended.code, *code, "{what}");
        assert!(*code != 2 || !ended.err.is_empty(), "it says why: {what}");
        assert!(!what.contains("panicked") && !what.contains('\x1b'), "{what}");
    }
}

#[test]
fn bad_files_get_one_clear_sentence() {
    let soak = Soak::new()
        .file("empty.soak", "")
        .file("blank.soak", " \n\n")
        .file("binary.soak", [b'a', b'\n', 0xff, 0xfe, 0])
        .file("zero.soak", "scenario \"A\"\n\0");
    std::fs::create_dir(soak.path().join("folder")).unwrap();
    let cases = [
        ("empty.soak", "`empty.soak` is empty"),
        ("blank.soak", "`blank.soak` is empty"),
        ("binary.soak", "`binary.soak` is no text: byte 2 (line 2)"),
        ("zero.soak", "`zero.soak` is no text: byte 13 (line 2)"),
        ("folder", "`folder`"),
        ("absent.soak", "there is no file `absent.soak`"),
        ("empty.soak/x", "cannot read `empty.soak/x`"),
        ("/dev/zero", "`/dev/zero` is no text"),
    ];
    for (name, sentence) in cases {
        for command in ["check", "fmt", "plan", "run"] {
            let ended = soak.run(&[command, name]).code(2).writes_nothing().says(sentence);
            assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
        }
    }
}

#[test]
fn findings_are_data_and_the_count_is_talk() {
    let soak = Soak::new().file("bad.soak", BAD);
    let ended = soak.run(&["check", "bad.soak"]).code(2).writes("E0").says("bad.soak: 2 errors");
    assert!(!ended.err.contains("wait 1"), "{}", ended.err);
    let concise = soak.run(&["check", "bad.soak", "--format", "concise"]).code(2);
    assert!(concise.out.lines().all(|line| line.starts_with("bad.soak:")), "{}", concise.out);
    assert_eq!(concise.err, "");
    let json = soak.run(&["check", "bad.soak", "--format", "json"]).code(2);
    for line in json.out.lines() {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(finding["severity"], "error");
    }
    assert!(json.out.lines().count() >= 2);
}

#[test]
fn without_a_name_the_scenarios_of_the_folder_are_checked() {
    Soak::new().run(&["check"]).code(2).says("no .soak file");
    let soak = Soak::new().file("a.soak", GOOD).file("b.soak", UNUSED).file("c.txt", BAD);
    soak.run(&["check"]).code(0).says("2 files checked: 1 warning");
}

#[test]
fn standard_input_is_a_file() {
    Soak::new().input(GOOD).run(&["check", "-"]).code(0).says("<stdin>: no mistakes");
    Soak::new().input(BAD).run(&["check", "--format", "concise", "-"]).code(2).writes("<stdin>:3:");
    Soak::new().input("").run(&["check", "-"]).code(2).says("`<stdin>` is empty");
    let formatted = Soak::new().input("scenario \"A\"\nwait    1s").run(&["fmt", "-"]).code(0).out;
    Soak::new().input(&formatted).run(&["fmt", "--check", "-"]).code(0).writes_nothing();
}

#[test]
fn formatting_keeps_what_it_cannot_read() {
    let soak = Soak::new().file("a.soak", "scenario \"A\"\nwait    1s").file("bad.soak", "wait   1s\n}{\n");
    soak.run(&["fmt", "--check", "a.soak"]).code(1).writes("a.soak\n");
    soak.run(&["fmt", "a.soak"]).code(0).writes_nothing();
    assert_eq!(std::fs::read_to_string(soak.path().join("a.soak")).unwrap(), "scenario \"A\"\nwait 1s\n");
    soak.run(&["fmt", "bad.soak"]).code(2).writes_nothing().says("stays as it is");
    assert_eq!(std::fs::read_to_string(soak.path().join("bad.soak")).unwrap(), "wait   1s\n}{\n");
    let names: Vec<_> =
        std::fs::read_dir(soak.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left beside them: {names:?}");
}

#[test]
fn what_init_writes_is_clean_and_in_its_form_and_never_overwritten() {
    let soak = Soak::new();
    soak.run(&["init"]).code(0).writes_nothing().says("wrote `scenario.soak`");
    soak.run(&["check", "--strict"]).code(0);
    soak.run(&["fmt", "--check", "scenario.soak"]).code(0);
    soak.run(&["init"]).code(2).says("is there already");
    soak.run(&["init", "other.soak"]).code(0);
    soak.run(&["init", "no/such/folder.soak"]).code(3).says("cannot write");
}

#[test]
fn colours_and_marks_are_for_terminals_that_want_them() {
    for (variable, value) in [("NO_COLOR", "1"), ("LANG", "C"), ("LANG", "C.UTF-8"), ("TERM", "dumb")] {
        let soak = Soak::new().file("bad.soak", BAD).with(variable, value);
        let ended = soak.run(&["check", "bad.soak"]).code(2);
        assert!(ended.out.is_ascii(), "{variable}={value}: {}", ended.out);
        assert!(!ended.out.contains('\x1b') && !ended.err.contains('\x1b'), "{variable}={value}");
    }
}

/// Runs a command whose reader goes away after one byte.
fn with_a_closed_pipe(soak: &Soak, arguments: &[&str]) -> (i32, String) {
    let mut child = soak
        .command(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut byte = [0];
    out.read_exact(&mut byte).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let mistakes = "scenario \"A\"\n".to_owned() + &"wait 1\n".repeat(100);
    let soak = Soak::new().file("bad.soak", mistakes);
    record(&soak, 3_000);
    for (arguments, code) in [
        (&["check", "--format", "json", "bad.soak"][..], 2),
        (&["kinds", "process"], 0),
        (&["report", "run", "--format", "json"], 0),
        (&["--help"], 0),
    ] {
        assert_eq!(with_a_closed_pipe(&soak, arguments), (code, String::new()), "{arguments:?}");
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let soak = Soak::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = soak.command(&["kinds"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot write to standard output"));
}

/// A record in the folder `run`, with so many more notes.
fn record(soak: &Soak, notes: u32) {
    let folder = soak.path().join("run");
    std::fs::create_dir_all(&folder).unwrap();
    let mut events = report_events::whole_run();
    let note = |index| soak::event::EventKind::Note { line: 5, text: format!("note {index}") };
    events.extend((0..notes).map(|index| report_events::at(34.0, note(index))));
    let lines: Vec<String> =
        events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect();
    std::fs::write(folder.join("events.jsonl"), lines.concat()).unwrap();
}

#[test]
fn a_report_is_written_again_from_its_record() {
    let soak = Soak::new();
    record(&soak, 0);
    let text = soak.run(&["report", "run"]).code(0).writes("FAIL  Campus vehicle operation").says("+00:00");
    insta::assert_snapshot!(text.out);
    soak.run(&["report", "run", "--format", "markdown"]).code(0).writes("# Campus vehicle operation: FAIL");
    let json = soak.run(&["report", "run", "--format", "json"]).code(0);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((report["version"].as_u64(), report["verdict"].as_str()), (Some(1), Some("fail")));

    let path = soak.path().join("run/events.jsonl");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 40]).unwrap();
    soak.run(&["report", "run"]).code(0).says("torn").writes("the record ends before the run did");
    std::fs::write(&path, "something else\n").unwrap();
    soak.run(&["report", "run"]).code(2).writes_nothing().says("is no record of a run");
}

#[test]
fn names_are_told_from_their_neighbours() {
    Soak::new().run(&["kinds", "lnik"]).code(2).writes_nothing().says("did you mean `link`?");
    Soak::new().run(&["explain", "E9999"]).code(2).writes_nothing().says("no code `E9999`");
    Soak::new().run(&["explain", "r0001"]).code(0).writes("R0001: ");
    let version = Soak::new().run(&["--version"]).code(0).out;
    assert_eq!(version, format!("soak {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_guardian_is_hidden_and_for_runs_only() {
    let help = Soak::new().run(&["--help"]).code(0).out;
    assert!(!help.contains("guardian"), "{help}");
    let ended = Soak::new().run(&["guardian"]);
    assert_ne!(ended.code, 0);
    assert!(ended.err.contains("soak run"), "{}", ended.err);
}
