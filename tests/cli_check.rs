//! `soak check` and `soak fmt` over many files, and what they do to them.

#![cfg(target_os = "linux")]

mod cli_soak;

use cli_soak::Soak;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const GOOD: &str = "scenario \"A\"\n\nwait 1s\nexpect machine.memory < 100%\n";
/// A mistake with a safe fix, and one without.
const SPACED: &str = "scenario \"A\"\n\nwait 1 s\nexpect machine.memory < 100% && true\n";
const MENDED: &str = "scenario \"A\"\n\nwait 1s\nexpect machine.memory < 100% and true\n";

fn read(soak: &Soak, name: &str) -> String {
    std::fs::read_to_string(soak.path().join(name)).unwrap()
}

fn folder(soak: Soak, name: &str) -> Soak {
    std::fs::create_dir_all(soak.path().join(name)).unwrap();
    soak
}

#[test]
fn folders_and_globs_mean_what_is_in_them() {
    let soak = folder(folder(Soak::new(), "a/b"), "target")
        .file("a/one.soak", GOOD)
        .file("a/b/two.soak", SPACED)
        .file("target/three.soak", SPACED)
        .file("four.soak", GOOD);
    soak.run(&["check", "a"]).code(2).says("2 files checked: 2 errors; --fix mends 2 of them");
    soak.run(&["check", "a/*.soak"]).code(0).says("a/one.soak: no mistakes");
    soak.run(&["check", "**/*.soak", "four.soak", "a/../four.soak"]).code(2).says("3 files checked");
    soak.run(&["check"]).code(2).says("3 files checked").writes("a/b/two.soak:3");
    soak.run(&["check", "target"]).code(2).says("target/three.soak: 2 errors");
    soak.run(&["check", "b/*.soak", "four.soak"])
        .code(2)
        .says("no file matches `b/*.soak`")
        .says("four.soak: no");
    soak.run(&["check", "x[", "four.soak"]).code(2).says("`x[` is no glob");
    soak.run(&["fmt", "--check", "."]).code(2).says("a/b/two.soak stays as it is");
    soak.run(&["fmt", "--check", "a/*.soak", "four.soak"]).code(0).writes_nothing();
}

#[test]
fn a_part_of_a_scenario_is_not_judged_by_itself() {
    let soak = folder(Soak::new(), "parts")
        .file("main.soak", "scenario \"A\"\ninclude \"parts/flap.soak\"\nlet pause = 1s\ndo flap()\nexpect machine.memory < 100%\n")
        .file("parts/flap.soak", "sequence flap { wait pause }\n");
    soak.run(&["check", "."]).code(0).says("main.soak: no mistakes");
    soak.run(&["check", "parts/flap.soak", "main.soak"]).code(0).says("main.soak: no mistakes");
    soak.run(&["check", "parts"]).code(2).writes("there is no name `pause`");
    // Two files that include each other have no whole beside the first.
    let circle = Soak::new().file("a.soak", "include \"b.soak\"\n").file("b.soak", "include \"a.soak\"\n");
    circle.run(&["check"]).code(2).writes("E0211");
}

#[test]
fn what_cannot_be_read_does_not_hide_the_rest() {
    let soak = Soak::new().file("a.soak", GOOD).file("b.soak", [b'a', 0xff, b'\n']).file("c.soak", SPACED);
    soak.run(&["check", "."]).code(2).says("`b.soak` is no text").says("2 files checked: 2 errors");
    soak.run(&["check", ".", "--format", "github"])
        .code(2)
        .writes("::error file=b.soak::`b.soak` is no text");
    soak.run(&["check", ".", "--format", "junit"])
        .code(2)
        .writes("tests=\"3\" skipped=\"0\" failures=\"1\" errors=\"1\"");
    soak.run(&["check", ".", "--format", "sarif"]).code(2).writes("\"executionSuccessful\": false");
    soak.run(&["check", ".", "--format", "json"]).code(2).writes("\"code\":null");
    soak.run(&["check", "--diff", "."]).code(2).says("`b.soak` is no text").says("2 mistakes to fix");
    soak.run(&["check", "--fix", "."]).code(2).says("`b.soak` is no text").says("mended 2 mistakes");
    assert_eq!(read(&soak, "c.soak"), MENDED);
}

#[test]
fn fixing_keeps_everything_else_of_a_file() {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let soak = Soak::new()
        .file("a.soak", SPACED)
        .file("crlf.soak", crlf(SPACED))
        .file("mark.soak", format!("\u{feff}{SPACED}"))
        .file("good.soak", crlf(GOOD));
    symlink("a.soak", soak.path().join("link.soak")).unwrap();
    std::fs::set_permissions(soak.path().join("a.soak"), PermissionsExt::from_mode(0o640)).unwrap();
    soak.run(&["check", "--fix", "."]).code(0).says("mended 6 mistakes").says("4 files checked: no mistakes");
    assert_eq!(read(&soak, "a.soak"), MENDED);
    assert_eq!(read(&soak, "crlf.soak"), crlf(MENDED));
    assert_eq!(read(&soak, "mark.soak"), format!("\u{feff}{MENDED}"));
    assert_eq!(read(&soak, "good.soak"), crlf(GOOD));
    assert!(soak.path().join("link.soak").is_symlink());
    let mode = std::fs::metadata(soak.path().join("a.soak")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(soak.path()).unwrap().count(), 5, "nothing is left beside them");
    soak.run(&["check", "--fix", "."]).code(0).says("4 files checked: no mistakes");
}

#[test]
fn a_file_that_may_not_be_written_stays() {
    let soak = Soak::new().file("a.soak", SPACED).file("b.soak", SPACED);
    std::fs::set_permissions(soak.path().join("a.soak"), PermissionsExt::from_mode(0o444)).unwrap();
    soak.run(&["check", "--fix", "."]).code(3).says("cannot write `a.soak`: permission denied");
    assert_eq!((read(&soak, "a.soak").as_str(), read(&soak, "b.soak").as_str()), (SPACED, MENDED));
}

#[test]
fn a_diff_shows_and_changes_nothing() {
    let soak = Soak::new().file("a.soak", SPACED).file("good.soak", GOOD);
    let diff = soak.run(&["check", "--diff", "."]).code(1).says("2 mistakes to fix").out;
    insta::assert_snapshot!(diff);
    assert_eq!(read(&soak, "a.soak"), SPACED);
    soak.run(&["check", "--diff", "good.soak"]).code(0).writes_nothing().says("nothing to fix");
    let wide = Soak::new().file("a.soak", "scenario \"A\"\n\nwait    1s\nexpect machine.memory < 100%\n");
    wide.run(&["fmt", "--diff", "."]).code(1).writes("-wait    1s\n+wait 1s\n");
    wide.run(&["fmt", "."]).code(0);
    wide.run(&["fmt", "--diff", "."]).code(0).writes_nothing();
    // What a diff shows can be applied.
    std::fs::write(soak.path().join("x.patch"), diff).unwrap();
    let mut git = std::process::Command::new("git");
    assert!(git.args(["apply", "-p0", "x.patch"]).current_dir(soak.path()).status().unwrap().success());
    assert_eq!(read(&soak, "a.soak"), MENDED);
}

#[test]
fn unsafe_fixes_are_asked_for() {
    let text = "scenario \"A\"\nlet length = 1s\nwait lenght\nexpect machine.memory < 100%\n";
    let soak = Soak::new().file("a.soak", text);
    soak.run(&["check", "--fix", "."]).code(2).writes("did you mean `length`?");
    assert_eq!(read(&soak, "a.soak"), text);
    soak.run(&["check", "--unsafe-fixes", "."]).code(2).writes_nothing().says("--fix|--diff");
    soak.run(&["check", "--fix", "--unsafe-fixes", "."]).code(0).says("mended 1 mistake");
    assert_eq!(read(&soak, "a.soak"), text.replace("lenght", "length"));
}

#[test]
fn standard_input_is_mended_on_standard_output() {
    let ended = Soak::new().input(SPACED).run(&["check", "--fix", "-"]).code(0);
    assert_eq!(ended.out, MENDED);
    let left = Soak::new().input("scenario \"A\"\nwait 1 s\nwait 2\n").run(&["check", "--fix", "-"]).code(2);
    assert_eq!(left.out, "scenario \"A\"\nwait 1s\nwait 2\n");
    assert!(left.err.contains("E0302"), "{}", left.err);
    Soak::new().input(SPACED).run(&["check", "--diff", "-"]).code(1).writes("\n+wait 1s\n");
    Soak::new().input("").run(&["check", "--fix", "-"]).code(2).writes_nothing().says("is empty");
}

#[test]
fn includes_are_mended_beside_the_scenario_only() {
    let main = "scenario \"A\"\ninclude \"parts/near.soak\"\ninclude \"../far.soak\"\nwait near + far\nexpect machine.memory < 100%\n";
    let soak = folder(folder(Soak::new(), "it"), "it/parts")
        .file("it/main.soak", main)
        .file("it/second.soak", main)
        .file("it/parts/near.soak", "\u{feff}let near = 1 s\r\n")
        .file("far.soak", "let far = 1 s\n");
    soak.run(&["check", "--diff", "it"]).code(1).writes("--- it/parts/near.soak");
    soak.run(&["check", "--fix", "it"]).code(2).says("mended 1 mistake").says("2 files checked: 1 error");
    assert_eq!(read(&soak, "it/parts/near.soak"), "\u{feff}let near = 1s\r\n");
    assert_eq!(read(&soak, "far.soak"), "let far = 1 s\n");
}

#[test]
fn places_are_told_from_the_root_of_the_repository() {
    let soak = folder(Soak::new(), "sub").file("sub/a.soak", SPACED);
    let root = soak.path().to_str().unwrap().to_owned();
    let soak = soak.with("GITHUB_WORKSPACE", &root);
    let mut command = soak.command(&["check", "--format", "github"]);
    let output = command.current_dir(Path::new(&root).join("sub")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.starts_with("::error file=sub/a.soak,line=3,endLine=3,col=6,endColumn=8,title=E0105::"),
        "{text}"
    );
}

#[test]
fn many_files_are_told_in_the_order_of_their_names() {
    let mut soak = Soak::new();
    for index in 0..200 {
        soak = soak.file(&format!("{index:03}.soak"), SPACED);
    }
    let lines = soak.run(&["check", "--format", "concise"]).code(2).out;
    let names: Vec<&str> = lines.lines().map(|line| &line[..3]).collect();
    assert!(names.len() == 400 && names.is_sorted());
}
