//! The five whole scenarios.

use super::planned;
use soak::check::{DiskFiles, Options, check};
use soak::plan::{Plan, Style, json, plan, text};
use soak::source::Sources;
use std::fs;
use std::path::{Path, PathBuf};

const DAY: f64 = 86_400.0;

pub fn fixture(name: &str, params: &[(&str, &str)]) -> Plan {
    let file = format!("{name}.soak");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(&file);
    planned(&file, &fs::read_to_string(path).unwrap(), params)
}

pub const SCENARIOS: [&str; 5] = ["burn-in", "campus-vehicle", "cloud-week", "job-claims", "observer-load"];

#[test]
fn texts_are_as_they_were() {
    for name in SCENARIOS {
        let plan = fixture(name, &[]);
        for width in [80, 120] {
            let shown = text(&plan, Style { width, color: false, unicode: true });
            insta::assert_snapshot!(format!("{name}_{width}"), shown);
        }
    }
    let ascii = text(&fixture("campus-vehicle", &[]), Style { width: 80, color: false, unicode: false });
    insta::assert_snapshot!("campus-vehicle_ascii", ascii);
}

#[test]
fn json_is_as_it_was() {
    for name in SCENARIOS {
        insta::assert_snapshot!(
            format!("{name}_json"),
            serde_json::to_string_pretty(&json(&fixture(name, &[]))).unwrap()
        );
    }
}

#[test]
fn no_line_is_wider_than_asked_and_ascii_is_ascii() {
    for name in SCENARIOS {
        let plan = fixture(name, &[]);
        for width in [40, 60, 80, 100, 120, 200, 300] {
            let shown = text(&plan, Style { width, color: false, unicode: false });
            assert!(shown.is_ascii(), "{name}");
            for line in shown.lines() {
                assert!(line.len() <= width, "{name} in {width} columns: {line:?}");
            }
        }
        let plain = text(&plan, Style { width: 80, color: false, unicode: true });
        let mut painted = text(&plan, Style { width: 80, color: true, unicode: true });
        assert!(painted.contains('\u{1b}'));
        for code in ["0", "1", "2", "31", "32", "36"] {
            painted = painted.replace(&format!("\u{1b}[{code}m"), "");
        }
        let trimmed: Vec<&str> = painted.lines().map(str::trim_end).collect();
        assert_eq!(trimmed, plain.lines().collect::<Vec<_>>(), "colour changes nothing but colour");
    }
}

#[test]
fn the_numbers_that_were_promised() {
    let seconds = |plan: &Plan| plan.duration.unwrap().as_secs_f64();
    let observer = fixture("observer-load", &[]);
    assert_eq!(observer.sent.total.known(), Some(16_200));
    assert_eq!(json(&observer)["iterations"]["total"], 16_200);
    let cloud = fixture("cloud-week", &[]);
    assert_eq!(json(&cloud)["iterations"]["loads"]["traffic"], 15_984_000_000u64);
    assert_eq!(seconds(&cloud), 7.0 * DAY);
    assert_eq!(json(&cloud)["duration"], 7.0 * DAY);
    assert_eq!(seconds(&fixture("burn-in", &[])), 3.0 * DAY);
    assert_eq!(seconds(&fixture("campus-vehicle", &[("duration", "24h")])), DAY);
    assert_eq!(seconds(&fixture("campus-vehicle", &[])), 7_200.0);
}

fn scenarios(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            scenarios(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "soak") {
            found.push(path);
        }
    }
}

#[test]
fn whatever_passes_the_checker_can_be_planned() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    scenarios(&root.join("tests"), &mut files);
    scenarios(&root.join("examples"), &mut files);
    let mut texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    for kind in soak::kinds::KINDS {
        texts.push(format!("scenario \"{}\"\n{}", kind.name, kind.example));
    }
    let mut planned = 0;
    for source in texts {
        let mut sources = Sources::new();
        sources.add("any.soak", source).unwrap();
        let Some(scenario) = check(&mut sources, &Options { params: &[], files: &DiskFiles }).scenario else {
            continue;
        };
        let plan = plan(&scenario, &sources);
        assert!(plan.duration.is_some());
        assert!(plan.duration_max.is_none_or(|longest| Some(longest) >= plan.duration));
        assert!(soak::plan::svg(&plan).ends_with("</svg>\n"));
        let shown = text(&plan, Style { width: 40, color: false, unicode: false });
        assert!(shown.lines().all(|line| line.len() <= 40), "{shown}");
        for step in json(&plan)["steps"].as_array().unwrap() {
            assert!(step["start"].as_f64() <= step["end"].as_f64(), "{step}");
            assert!(step["line"].as_u64() >= Some(1));
        }
        planned += 1;
    }
    assert!(planned > 15, "{planned} scenarios were planned");
}
