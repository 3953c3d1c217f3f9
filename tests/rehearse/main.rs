//! Rehearsals: what the log of small scenarios says, that a seed fixes it to the byte, and that nothing is done.

#![cfg(target_os = "linux")]

#[path = "../cli_soak/mod.rs"]
mod cli_soak;
mod program;

use soak::check::{DiskFiles, Options, check};
use soak::event::{Event, EventKind};
use soak::run::rehearse;
use soak::source::Sources;
use soak::ui::{Rehearsal, Style};
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The events of a rehearsal.
fn events(path: &Path, seed: u64, params: &[(&str, &str)]) -> Vec<Event> {
    let name = path.file_name().unwrap().to_str().unwrap();
    rehearsed(name, fs::read_to_string(path).unwrap(), seed, params)
}

fn rehearsed(name: &str, text: String, seed: u64, params: &[(&str, &str)]) -> Vec<Event> {
    let params: Vec<_> = params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let mut sources = Sources::new();
    sources.add(name, text).unwrap();
    let checked = check(&mut sources, &Options { params: &params, files: &DiskFiles });
    let wrong: Vec<_> = checked.diagnostics.iter().filter(|found| found.is_error()).collect();
    let scenario = checked.scenario.unwrap_or_else(|| panic!("{name}: {wrong:?}"));
    let mut events = Vec::new();
    rehearse(&scenario, &sources, seed, name.to_owned(), &mut |event| events.push(event));
    events
}

fn text(events: &[Event]) -> String {
    let mut lines = Rehearsal::new(Style::PLAIN, None);
    events.iter().map(|event| lines.lines(event)).collect()
}

fn log(events: &[Event]) -> String {
    events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect()
}

/// Every scenario of the folder, by name.
fn small() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder("rehearse"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "soak"))
        .collect();
    files.sort();
    files
}

#[test]
fn small_scenarios_are_rehearsed_as_they_were() {
    let files = small();
    assert!(files.len() >= 3, "{files:?}");
    for path in files {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let events = events(&path, 1, &[]);
        insta::assert_snapshot!(format!("{name}_text"), text(&events));
        if name == "statements" {
            insta::assert_snapshot!(format!("{name}_log"), log(&events));
        }
    }
}

const WHOLE: [&str; 5] = ["burn-in", "campus-vehicle", "cloud-week", "job-claims", "observer-load"];

fn fixture(name: &str) -> PathBuf {
    folder("fixtures").join(format!("{name}.soak"))
}

#[test]
fn a_seed_fixes_every_byte_and_another_seed_draws_other_flaps() {
    for name in WHOLE {
        let first = log(&events(&fixture(name), 7, &[]));
        assert_eq!(first, log(&events(&fixture(name), 7, &[])), "{name}");
        assert!(!first.contains(env!("CARGO_MANIFEST_DIR")), "{name}");
    }
    let flaps = |seed| -> Vec<f64> {
        let lasts = |event: Event| match event.kind {
            EventKind::FaultApplied(fault) if fault.line == 84 => fault.lasts,
            _ => None,
        };
        events(&fixture("campus-vehicle"), seed, &[]).into_iter().filter_map(lasts).collect()
    };
    let (one, other) = (flaps(1), flaps(2));
    assert!(one.len() > 100 && one.iter().all(|length| (2.0..3.0).contains(length)), "{one:?}");
    assert_ne!(one, other);
}

#[test]
fn whole_scenarios_take_the_time_and_send_the_number_that_the_plan_says() {
    let cases: [(&str, &[(&str, &str)]); 6] = [
        ("burn-in", &[]),
        ("campus-vehicle", &[]),
        ("campus-vehicle", &[("duration", "24h")]),
        ("cloud-week", &[]),
        ("job-claims", &[]),
        ("observer-load", &[]),
    ];
    for (name, params) in cases {
        let path = fixture(name);
        let given: Vec<_> = params.iter().map(|(n, value)| (n.to_string(), value.to_string())).collect();
        let mut sources = Sources::new();
        sources.add(name, fs::read_to_string(&path).unwrap()).unwrap();
        let scenario = check(&mut sources, &Options { params: &given, files: &DiskFiles }).scenario.unwrap();
        let plan = soak::plan::plan(&scenario, &sources);
        let events = events(&path, 1, params);
        let Some(EventKind::Rehearsed(rehearsed)) = events.last().map(|event| &event.kind) else {
            panic!("{name} was not rehearsed to its end")
        };
        assert_eq!(rehearsed.reason, None);
        assert_eq!(rehearsed.duration, plan.duration.unwrap().as_secs_f64(), "{name}");
        assert_eq!(rehearsed.events, events.len() as u64 - 1);
        for sent in &rehearsed.iterations {
            let planned = plan.sent.loads.iter().find(|(load, _)| *load == sent.name).unwrap().1;
            if planned.expected {
                continue;
            }
            match planned.known() {
                Some(known) => assert_eq!(sent.due, Some(known), "{name}: {}", sent.name),
                None => assert!(sent.due.is_none_or(|due| due >= planned.least), "{name}: {}", sent.name),
            }
        }
    }
}

#[test]
fn a_curve_of_a_million_stretches_tells_a_thousand_and_counts_them_all() {
    let text = "scenario \"t\"\nhttp api { base \"http://127.0.0.1:1\" }\naction get { api get \"/\" }\n\
                curve wave {\n | at | level |\n | 00:00 | 0% |\n | 12:00 | 100% |\n | 24:00 | 0% |\n}\n\
                load get at 1k/s shaped wave every 10ms for 2h\nexpect get.count > 0\n";
    let events = rehearsed("t.soak", text.into(), 1, &[]);
    assert!(events.len() < 1_100, "{}", events.len());
    assert!(log(&events).contains("of its changes only the first 1000 are told"));
    let Some(EventKind::Rehearsed(rehearsed)) = events.last().map(|event| &event.kind) else { panic!() };
    assert_eq!(rehearsed.iterations[0].due, Some(3_600_000));
}

#[test]
fn nothing_is_judged_sampled_or_left_in_force() {
    for path in small().into_iter().chain(WHOLE.map(fixture)) {
        let mut force = std::collections::BTreeSet::new();
        let mut expected = 0;
        let events = events(&path, 1, &[]);
        for event in &events {
            match &event.kind {
                EventKind::FaultApplied(fault) => assert!(force.insert(fault.fault)),
                EventKind::FaultUndone(fault) => assert!(force.remove(&fault.fault)),
                EventKind::Expected(_) => expected += 1,
                EventKind::Judged(_) | EventKind::RunEnded(_) => panic!("{event:?}"),
                EventKind::Acted(acted) => assert_eq!(acted.failed, None),
                _ => {}
            }
        }
        assert!(force.is_empty(), "{}: {force:?}", path.display());
        assert!(expected > 0, "{}", path.display());
        let times: Vec<f64> = events.iter().map(|event| event.at).collect();
        assert!(times.is_sorted(), "{}", path.display());
    }
}
