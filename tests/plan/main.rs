//! Plans: of the five whole scenarios as golden files, and of small ones by their numbers.

mod numbers;
mod whole;

use soak::check::{Checked, DiskFiles, Options, check};
use soak::plan::{Plan, plan};
use soak::source::Sources;

/// The plan of a scenario that must be free of errors.
fn planned(name: &str, text: &str, params: &[(&str, &str)]) -> Plan {
    let mut sources = Sources::new();
    sources.add(name, text).unwrap();
    let params: Vec<_> = params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let Checked { scenario, diagnostics } = check(&mut sources, &Options { params: &params, files: &DiskFiles });
    let Some(scenario) = scenario else {
        let told: Vec<_> = diagnostics
            .iter()
            .map(|found| format!("line {}: {}", sources.line(found.span()), found.message))
            .collect();
        panic!("{name} has errors:\n{}\n{text}", told.join("\n"));
    };
    plan(&scenario, &sources)
}
