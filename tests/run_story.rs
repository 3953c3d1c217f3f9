//! Scenarios run on a pretended clock, and what is to happen in them when.
//!
//! Each file in `tests/run` holds cases between lines `#--- name`; what stands before the first is put before each.
//! `#!` says how the pretended world behaves, `#=` what happens: seconds and an event. With `SOAK_BLESS=1` the
//! `#=` lines are written anew.
#![cfg(target_os = "linux")]

mod run_support;

use run_support::{Case, cases};
use soak::event::EventKind;
use std::fmt::Write;
use std::path::Path;

#[test]
fn every_story_runs_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "soak"));
    files.sort();
    let (mut wrong, mut count) = (String::new(), 0);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let (prelude, cases) = cases(&text);
        let mut blessed = prelude.clone();
        for case in &cases {
            count += 1;
            let happened = case.run(&prelude);
            let _ = write!(blessed, "{}", case.with(&happened));
            if happened != case.expected {
                let expected = case.expected.join("\n  ");
                let name = format!("{}: {}", path.file_name().unwrap().display(), case.name);
                let _ = writeln!(wrong, "{name}\n  {expected}\n but was\n  {}\n", happened.join("\n  "));
            }
        }
        if std::env::var_os("SOAK_BLESS").is_some() {
            std::fs::write(&path, blessed).unwrap();
        }
    }
    assert!(count >= 40, "only {count} cases were found");
    assert!(wrong.is_empty() || std::env::var_os("SOAK_BLESS").is_some(), "{wrong}");
}

fn flapping(seed: u64) -> Case {
    let text = "repeat 20 < wifi off 1s..5s; choose { 1: note \"a\"; 1: note \"b\" } >\nevery 3s..9s < note \"x\" >\nwait 1m\n";
    Case { name: "flapping".into(), text: format!("#! seed {seed}\n{text}"), expected: Vec::new() }
}

const LINK: &str = "scenario \"t\"\nlink wifi { listen \"127.0.0.1:7001\"; to \"127.0.0.1:7002\" }\n";

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let first = flapping(1).run(LINK);
    assert_eq!(first, flapping(1).run(LINK));
    assert_ne!(first, flapping(2).run(LINK));
}

#[test]
fn what_is_drawn_does_not_depend_on_how_fast_the_world_is() {
    let drawn = |extra: &str| -> Vec<String> {
        let mut case = flapping(1);
        case.text = format!("{extra}\n{}", case.text);
        let lines = case.run(LINK).into_iter();
        // Without the times, and in the order of the flaps.
        let flaps = lines.filter(|line| line.contains("+ wifi"));
        flaps.map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    };
    assert_eq!(drawn("#! take wifi.off 0s"), drawn("#! take wifi.off 3s"));
}

#[test]
fn a_thousand_flaps_do_not_drift() {
    let text = "#! take wifi.off 3ms\nrepeat 1000 < wifi off 20ms; wifi on 30ms >\nnote \"over\"\n";
    let case = Case { name: "flaps".into(), text: text.into(), expected: Vec::new() };
    let happened = case.run(LINK);
    assert!(happened.contains(&"50.000 note over".to_owned()), "{:?}", happened.last_chunk::<3>());
}

/// The scenarios of the language's reference.
#[test]
fn whole_scenarios_run_to_their_end_on_a_pretended_clock() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let planned = [
        ("burn-in.soak", 72.0 * 3600.0),
        ("campus-vehicle.soak", 2.0 * 3600.0),
        ("cloud-week.soak", 7.0 * 24.0 * 3600.0),
        ("job-claims.soak", 0.0),
        ("observer-load.soak", 60.0 + 4.0 * 210.0 + 300.0),
    ];
    for (name, least) in planned {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let case = Case { name: name.into(), text, expected: Vec::new() };
        let (events, ..) = case.events("").unwrap();
        let (applied, undone) = events.iter().fold((0, 0), |(applied, undone), event| match event.kind {
            EventKind::FaultApplied(_) => (applied + 1, undone),
            EventKind::FaultUndone(_) => (applied, undone + 1),
            _ => (applied, undone),
        });
        assert_eq!(applied, undone, "{name}: every fault that was applied is undone");
        let Some(EventKind::RunEnded(ended)) = events.last().map(|event| &event.kind) else {
            panic!("{name} did not end")
        };
        assert!(ended.story >= least, "{name} took {} s, not {least}", ended.story);
        assert_eq!(ended.reason, None, "{name}");
    }
}

/// However and whenever a run is stopped, nothing is left in force.
#[test]
fn a_signal_at_any_moment_leaves_nothing_in_force() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for (name, span) in [("campus-vehicle.soak", 7_000), ("job-claims.soak", 300), ("burn-in.soak", 20_000)] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        for step in 0..60 {
            // Now and then a second signal follows, while loads drain or `cleanup` runs.
            let at = span * step / 60;
            let second =
                if step % 3 == 0 { format!("#! signal {}s INT\n", at + step % 7) } else { String::new() };
            let slow = "#! take load produce 3s\n#! take load claim 9s\n#! take stop 4s\n#! take uploader.kill 20ms\n";
            let text = format!("{slow}#! signal {at}s TERM\n{second}#! seed {step}\n{text}");
            let case = Case { name: format!("{name} stopped at {at}s"), text, expected: Vec::new() };
            let (events, code, _) = case.events("").unwrap();
            let mut force = std::collections::BTreeSet::new();
            let mut loads = std::collections::BTreeSet::new();
            let (mut judged_after, mut stopped) = (0, false);
            for event in &events {
                match &event.kind {
                    EventKind::FaultApplied(fault) => assert!(force.insert(fault.fault)),
                    EventKind::FaultUndone(fault) => assert!(force.remove(&fault.fault)),
                    EventKind::LoadStarted { load, .. } => assert!(loads.insert(*load)),
                    EventKind::LoadEnded { load, .. } => assert!(loads.remove(load)),
                    EventKind::Interrupted { .. } => stopped = true,
                    EventKind::Judged(_) => judged_after += u32::from(stopped),
                    _ => {}
                }
            }
            assert!(force.is_empty() && loads.is_empty(), "{}: {force:?} {loads:?}", case.name);
            assert_eq!(judged_after, 0, "{}", case.name);
            assert_eq!(code, 143, "{}", case.name);
            assert!(matches!(events.last().unwrap().kind, EventKind::RunEnded(_)), "{}", case.name);
        }
    }
}
