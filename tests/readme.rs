//! What the README says can be done: its scenario is one, and its commands name what there is.

use soak::check::{DiskFiles, Options, check};
use soak::source::Sources;
use std::path::Path;

const README: &str = include_str!("../README.md");

fn findings(name: &str, text: &str, params: &[(String, String)]) -> Vec<String> {
    let mut sources = Sources::new();
    sources.add(name, text).unwrap();
    let checked = check(&mut sources, &Options { params, files: &DiskFiles });
    checked.diagnostics.iter().map(|found| format!("{} {}", found.code, found.message)).collect()
}

#[test]
fn its_scenario_has_no_mistakes() {
    let scenario = README.split("```\n").nth(1).expect("the README shows a scenario");
    assert!(scenario.starts_with("scenario "), "{scenario}");
    assert_eq!(findings("README.soak", scenario, &[]), Vec::<String>::new());
}

/// The indented command behind a line of the README.
fn command(behind: &str) -> &'static str {
    let rest = README.split_once(behind).expect("the README has that line").1;
    rest.lines().find_map(|line| line.strip_prefix("    ")).expect("a command follows it")
}

#[test]
fn its_first_command_names_a_scenario_and_params_that_it_has() {
    let mut words = command("## Try it").split_whitespace();
    let file = words.find(|word| word.ends_with(".soak")).expect("it runs a scenario");
    let mut params = Vec::new();
    while let Some(word) = words.next() {
        assert_eq!(word, "--param");
        let (name, value) = words.next().and_then(|param| param.split_once('=')).expect("a name and a value");
        params.push((name.to_owned(), value.to_owned()));
    }
    assert!(params.iter().any(|(name, value)| name == "duration" && value == "45s"), "under a minute");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).expect("the scenario is there");
    assert_eq!(findings(file, &text, &params), Vec::<String>::new());
}

#[test]
fn its_second_command_runs_the_tests() {
    assert_eq!(command("<!-- test -->"), "cargo nextest run --locked");
}
