//! The program as its users meet it: nothing is done, no secret is needed, and a reader may go away.

use crate::cli_soak::Soak;
use std::io::Read;
use std::process::Stdio;

const FLAPS: &str = "scenario \"A\"\nlink wifi { listen \"127.0.0.1:7001\"; to \"127.0.0.1:7002\" }\n\
                     repeat 1_000_000_000_000 < note \"again\" >\nexpect wifi.connections < 9\n";

#[test]
fn nothing_is_started_or_written_and_no_secret_is_needed() {
    let scenario = std::fs::read_to_string(super::folder("rehearse").join("statements.soak")).unwrap();
    let soak = Soak::new().file("a.soak", scenario.replace("tidy", "touch made")).with("PATH", "");
    let ended = soak.run(&["rehearse", "a.soak", "--seed", "1"]).code(0).writes("run touch made");
    assert!(ended.out.ends_with("18 faults, seed 1\n  ask  22 iterations\n"), "{}", ended.out);
    let left: Vec<_> =
        std::fs::read_dir(soak.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["a.soak"]);
}

#[test]
fn the_folder_of_the_file_is_no_part_of_the_log() {
    let soak = Soak::new().file("a.soak", "scenario \"A\"\nwait 1s..2s\nexpect machine.cpu < 90%\n");
    let here = soak.run(&["rehearse", "a.soak", "--format", "json"]).code(0);
    let path = soak.path().join("a.soak");
    let there = soak.run(&["rehearse", path.to_str().unwrap(), "--format", "json"]).code(0);
    assert_eq!(here.out, there.out);
    assert!(here.out.lines().all(|line| serde_json::from_str::<soak::event::Event>(line).is_ok()));
}

/// It goes on for ever, so it ends only because nobody reads.
#[test]
fn a_reader_that_has_gone_away_ends_it_quietly() {
    let soak = Soak::new().file("a.soak", FLAPS);
    let mut command = soak.command(&["rehearse", "a.soak"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
    assert!(first.starts_with(b"A, rehearsed with seed 0\n"));
}
