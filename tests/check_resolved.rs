//! What a checked scenario holds: names resolved, windows applied, series counted once, loads put together.

use soak::check::scenario::{Arrival, Load, Origin, Scenario, StepKind};
use soak::check::{DiskFiles, Options, check, support, walk};
use soak::lang::expr::{BinaryOperator, Expr, ExprKind, Window};
use soak::lang::function::Aggregate;
use soak::lang::types::{Shape, Type};
use soak::source::Sources;
use std::time::Duration;

fn checked(text: &str, params: &[(&str, &str)]) -> Scenario {
    let mut sources = Sources::new();
    sources.add("case.soak", text).unwrap();
    let params: Vec<(String, String)> = params.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let result = check(&mut sources, &Options { params: &params, files: &DiskFiles });
    assert!(!result.has_errors(), "{:?}", result.diagnostics);
    result.scenario.unwrap()
}

fn fixture(name: &str, params: &[(&str, &str)]) -> Scenario {
    checked(&std::fs::read_to_string(format!("tests/fixtures/{name}.soak")).unwrap(), params)
}

/// The measurements in an expression, by the names of their series.
fn measures(scenario: &Scenario, expr: &Expr) -> Vec<(String, Aggregate, bool)> {
    let mut found = Vec::new();
    expr.walk(&mut |part| {
        if let ExprKind::Measure { series, aggregate, window } = &part.kind {
            let name = scenario.series(*series).name.clone();
            found.push((name, *aggregate, !matches!(window, Window::Block)));
        }
    });
    found
}

const METRICS: &str = r#"
metric done   = lines("a.log", 'done') every 5s
metric failed = lines("a.log", 'failed')
metric ratio  = failed / (done + failed)
metric alias  = done
"#;

#[test]
fn a_window_on_a_composed_metric_goes_to_each_part() {
    let scenario = checked(&format!("{METRICS}expect ratio over 5m < 5% and alias > 0"), &[]);
    let condition = &scenario.expectations[0].condition;
    let found = measures(&scenario, condition);
    let wanted = [("failed", true), ("done", true), ("failed", true), ("done", false)];
    let wanted: Vec<_> = wanted.iter().map(|(n, w)| (n.to_string(), Aggregate::Delta, *w)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn a_function_of_a_composed_metric_reduces_its_own_series() {
    let scenario = checked(&format!("{METRICS}expect max(ratio over 5m) < 5% and alias > 0"), &[]);
    let found = measures(&scenario, &scenario.expectations[0].condition);
    assert_eq!(found[0], ("ratio".to_string(), Aggregate::Max, true));
    let series = scenario.series.iter().find(|series| series.name == "ratio").unwrap();
    assert!(matches!(series.origin, Origin::Derived(_)));
    assert_eq!(
        scenario.series.iter().find(|series| series.name == "done").unwrap().every,
        Duration::from_secs(5)
    );
}

#[test]
fn success_is_a_quotient_of_counts() {
    let scenario = fixture("job-claims", &[]);
    let recovery = scenario.expectations.iter().find(|e| e.text == "claim.success over 5s > 95%").unwrap();
    let found = measures(&scenario, &recovery.condition);
    let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["claim.count", "claim.failed", "claim.count"]);
    assert!(found.iter().all(|(_, aggregate, windowed)| *aggregate == Aggregate::Delta && *windowed));
    let ExprKind::Binary(BinaryOperator::Greater, share, _) = &recovery.condition.kind else { panic!() };
    assert_eq!(share.ty, Type::SHARE);
}

#[test]
fn every_series_stands_once() {
    for name in ["burn-in", "campus-vehicle", "cloud-week", "job-claims", "observer-load"] {
        let scenario = fixture(name, &[]);
        let mut names: Vec<&str> = scenario.series.iter().map(|series| series.name.as_str()).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{name}");
    }
}

#[test]
fn a_state_is_composed_of_states() {
    let scenario = fixture("campus-vehicle", &[]);
    let intact = scenario.series.iter().find(|series| series.name == "intact").unwrap();
    assert_eq!(intact.shape, Shape::State);
    let machine = fixture("observer-load", &[]);
    assert!(machine.targets.iter().any(|target| target.kind.built_in));
}

fn loads(scenario: &Scenario) -> Vec<&Load> {
    let mut loads = Vec::new();
    walk::visit_steps(scenario, &mut |step| {
        if let StepKind::Load(load) = &step.kind {
            loads.push(load.as_ref());
        }
    });
    loads
}

#[test]
fn clauses_become_one_way_of_arriving() {
    let scenario = fixture("cloud-week", &[]);
    let shown: Vec<String> = loads(&scenario)
        .iter()
        .map(|load| {
            let name = scenario.subject_name(load.subject);
            match &load.arrival {
                Arrival::Rate(rate) => format!(
                    "{name} at a rate{}{}{}",
                    if rate.to.is_some() { " to another" } else { "" },
                    if rate.max_users.is_some() { ", limited" } else { "" },
                    if rate.shaped.is_some() { ", shaped" } else { "" },
                ),
                Arrival::Users { .. } => format!("{name} with users"),
                Arrival::AtOnce { .. } => format!("{name} at once"),
                Arrival::Sequential => format!("{name} one by one"),
            }
        })
        .collect();
    let wanted = [
        "watch with users",
        "visit at a rate, shaped",
        "traffic at a rate, limited",
        "create at once",
        "migrate at once",
        "traffic at a rate to another, limited",
    ];
    assert_eq!(shown, wanted);
}

#[test]
fn the_command_line_takes_the_place_of_a_default() {
    let scenario = fixture("campus-vehicle", &[("duration", "24h"), ("serial", "vehicle-7")]);
    let shown: Vec<(String, bool)> = scenario
        .params
        .iter()
        .map(|param| (param.value.constant().unwrap().to_string(), param.overridden))
        .collect();
    assert_eq!(shown, [("1d".to_string(), true), ("vehicle-7".to_string(), true)]);
}

/// Whatever the kinds declare the runner can do, with all features.
#[test]
fn what_is_checked_can_be_run() {
    let skewed =
        "process app { run \"app\" }\napp skew ahead 2h for 1s\napp skew ahead 1h for 1s\nexpect app.up";
    assert!(support::unsupported(&checked(skewed, &[])).is_empty());
    assert!(support::unsupported(&fixture("campus-vehicle", &[])).is_empty());
}
