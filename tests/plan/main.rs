//! Plans: of the five whole scenarios as golden files, and of small ones by their numbers.

mod drawing;
mod numbers;
mod whole;

use soak::check::{Checked, DiskFiles, Options, check};
use soak::plan::{Plan, plan};
use soak::source::Sources;

/// Stack enough for the checker, whatever is nested in whatever.
const CHECKER_STACK: usize = 256 << 20;

/// The plan of a scenario that must be free of errors.
fn planned(name: &str, text: &str, params: &[(&str, &str)]) -> Plan {
    let mut sources = Sources::new();
    sources.add(name, text).unwrap();
    let params: Vec<_> = params.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let checker = std::thread::Builder::new().stack_size(CHECKER_STACK);
    let checked = std::thread::scope(|scope| {
        let work = || check(&mut sources, &Options { params: &params, files: &DiskFiles });
        checker.spawn_scoped(scope, work).unwrap().join().unwrap()
    });
    let Checked { scenario, diagnostics } = checked;
    let Some(scenario) = scenario else {
        let told: Vec<_> = diagnostics
            .iter()
            .map(|found| format!("line {}: {}", sources.line(found.span()), found.message))
            .collect();
        panic!("{name} has errors:\n{}\n{text}", told.join("\n"));
    };
    plan(&scenario, &sources)
}
