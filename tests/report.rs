//! Reports of runs that were made up: every event, every verdict.

mod report_events;

use report_events::{Judgement, at, ended, expectation, started, whole_run};
use soak::event::{
    Acted, Command, Event, EventKind, Evidence, FaultApplied, FaultUndone, PhaseEnded, PhaseStarted, Stage,
    Verdict,
};
use soak::report::{self, Summary};

fn fold(events: &[Event]) -> Summary {
    let mut summary = Summary::new();
    events.iter().for_each(|event| summary.fold(event));
    summary
}

#[test]
fn a_whole_run_as_json() {
    let json = String::from_utf8(report::json(&fold(&whole_run()))).unwrap();
    insta::assert_snapshot!(json);
}

#[test]
fn a_whole_run_as_markdown() {
    insta::assert_snapshot!(String::from_utf8(report::markdown(&fold(&whole_run()))).unwrap());
}

#[test]
fn the_fields_that_other_programs_rely_on_stand_first_and_in_order() {
    let json: serde_json::Value = serde_json::from_slice(&report::json(&fold(&whole_run()))).unwrap();
    let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).take(13).collect();
    let expected = [
        "version",
        "scenario",
        "file",
        "seed",
        "started",
        "duration",
        "verdict",
        "expectations",
        "loads",
        "faults",
        "phases",
        "ledgers",
        "notes",
    ];
    assert_eq!(names, expected);
}

fn failed_act(stage: Stage) -> Vec<Event> {
    let acted = Acted {
        target: "db".into(),
        verb: "execute".into(),
        line: 7,
        asked: "db execute \"delete\"".into(),
        due: 1.0,
        measured: None,
        failed: Some("no such table".into()),
    };
    vec![at(1.0, EventKind::StageStarted { stage }), at(1.0, EventKind::Acted(acted))]
}

fn failed_command() -> Vec<Event> {
    let command = Command {
        line: 8,
        command: "false".into(),
        took: 0.1,
        code: Some(1),
        failed: Some("it exited with 1".into()),
    };
    vec![at(1.0, EventKind::Command(command))]
}

fn fault(evidence: Evidence) -> Vec<Event> {
    let applied = FaultApplied {
        fault: 1,
        target: "wifi".into(),
        verb: "off".into(),
        line: 5,
        asked: "wifi off 2s".into(),
        due: 1.0,
        applied: 1.0,
        lasts: None,
    };
    let undone = FaultUndone { fault: 1, undone: 3.0, measured: None, evidence };
    vec![at(1.0, EventKind::FaultApplied(applied)), at(3.0, EventKind::FaultUndone(undone))]
}

fn judged(demand: &str, verdict: Verdict) -> Vec<Event> {
    vec![Judgement::new("A", 3, demand, verdict).event(2.0)]
}

/// What it is about, the demands planned, what happened, what the run said at its end, what comes out.
type Case = (&'static str, Vec<&'static str>, Vec<Event>, Option<Verdict>, Verdict);

#[test]
fn findings_add_up_to_a_verdict() {
    use Verdict::{Fail, Inconclusive, Pass, Warn};
    let signal = || vec![at(2.0, EventKind::Interrupted { signal: "SIGINT".into() })];
    let both = |one: Vec<Event>, other: Vec<Event>| [one, other].concat();
    let cases: Vec<Case> = vec![
        ("nothing was asked", vec![], vec![], Some(Pass), Pass),
        ("met", vec!["expect"], judged("expect", Pass), Some(Pass), Pass),
        ("a missed want", vec!["want"], judged("want", Warn), Some(Pass), Warn),
        ("a missed want, told as failed", vec!["want"], judged("want", Fail), Some(Pass), Warn),
        ("a missed expect", vec!["expect"], judged("expect", Fail), Some(Pass), Fail),
        ("a missed require", vec!["require"], judged("require", Fail), Some(Pass), Fail),
        ("an open want", vec!["want"], judged("want", Inconclusive), Some(Pass), Warn),
        ("an open expect", vec!["expect"], judged("expect", Inconclusive), Some(Pass), Inconclusive),
        ("never reached", vec!["expect"], vec![], Some(Pass), Inconclusive),
        ("a want never reached", vec!["want"], vec![], Some(Pass), Warn),
        (
            "missed outweighs open",
            vec!["expect"],
            both(judged("expect", Inconclusive), judged("expect", Fail)),
            Some(Pass),
            Fail,
        ),
        (
            "open outweighs met",
            vec!["expect"],
            both(judged("expect", Inconclusive), judged("expect", Pass)),
            Some(Pass),
            Inconclusive,
        ),
        ("a judgement nobody planned", vec![], judged("expect", Fail), Some(Pass), Fail),
        ("a failed act", vec![], failed_act(Stage::Story), Some(Pass), Fail),
        ("a failed act of the cleanup", vec![], failed_act(Stage::Cleanup), Some(Pass), Warn),
        ("a failed command", vec![], failed_command(), Some(Pass), Fail),
        ("a fault that bit", vec![], fault(Evidence::Measured), Some(Pass), Pass),
        ("a fault that nothing met", vec![], fault(Evidence::NotExercised), Some(Pass), Pass),
        ("a fault without effect", vec![], fault(Evidence::None), Some(Pass), Inconclusive),
        ("interrupted", vec![], signal(), Some(Pass), Inconclusive),
        (
            "interrupted after a miss",
            vec!["expect"],
            both(judged("expect", Fail), signal()),
            Some(Pass),
            Fail,
        ),
        ("the record has no end", vec![], vec![], None, Inconclusive),
        ("the run knows of something worse", vec![], vec![], Some(Fail), Fail),
    ];
    for (what, planned, events, said, verdict) in cases {
        let planned: Vec<_> = planned.iter().map(|demand| expectation("A", 3, demand)).collect();
        let mut all = vec![started(planned)];
        all.extend(events);
        all.extend(said.map(|said| ended(4.0, said)));
        let summary = fold(&all);
        assert_eq!(summary.verdict(), verdict, "{what}");
        assert_eq!(summary.report().verdict, verdict, "{what}");
    }
}

#[test]
fn the_worst_of_a_loop_is_the_one_nearest_to_its_limit_or_furthest_beyond_it() {
    type Judged<'a> = &'a [(f64, Verdict)];
    let cases: &[(&str, Judged, f64)] = &[
        ("met below a limit", &[(40.0, Verdict::Pass), (90.0, Verdict::Pass), (70.0, Verdict::Pass)], 90.0),
        ("met above a limit", &[(140.0, Verdict::Pass), (101.0, Verdict::Pass)], 101.0),
        ("missed above", &[(90.0, Verdict::Pass), (101.0, Verdict::Fail), (300.0, Verdict::Fail)], 300.0),
        ("missed below", &[(99.0, Verdict::Fail), (5.0, Verdict::Fail), (180.0, Verdict::Pass)], 5.0),
        ("no verdict is no value", &[(50.0, Verdict::Pass), (99.0, Verdict::Inconclusive)], 50.0),
    ];
    for (what, judgements, worst) in cases {
        let mut events = vec![started(vec![expectation("A", 3, "expect")])];
        for (index, (actual, verdict)) in judgements.iter().enumerate() {
            let judgement = Judgement::new("A", 3, "expect", *verdict).figures(*actual, 100.0);
            events.push(judgement.event(index as f64));
        }
        let row = &fold(&events).report().expectations[0];
        let found = row.worst.as_ref().unwrap().value.as_ref().unwrap().number;
        assert_eq!(found, Some(*worst), "{what}");
        assert_eq!(row.judged, judgements.len() as u64, "{what}");
    }
}

#[test]
fn names_put_together_at_run_time_get_rows_of_their_own() {
    let mut events = vec![started(vec![expectation("Level {level}", 3, "expect")])];
    for (name, verdict) in
        [("Level 5", Verdict::Pass), ("Level 10", Verdict::Fail), ("Level 5", Verdict::Pass)]
    {
        events.push(Judgement::new(name, 3, "expect", verdict).event(1.0));
    }
    let report = fold(&events).report();
    let rows: Vec<(&str, u64, Verdict)> =
        report.expectations.iter().map(|row| (row.name.as_str(), row.judged, row.verdict)).collect();
    assert_eq!(rows, [("Level 5", 2, Verdict::Pass), ("Level 10", 1, Verdict::Fail)]);
}

#[test]
fn one_name_may_have_a_yellow_and_a_red_limit() {
    let planned = vec![expectation("CPU", 3, "want"), expectation("CPU", 4, "expect")];
    let mut events = vec![started(planned)];
    events.push(Judgement::new("CPU", 3, "want", Verdict::Warn).event(1.0));
    events.push(Judgement::new("CPU", 4, "expect", Verdict::Pass).event(1.0));
    events.push(ended(2.0, Verdict::Pass));
    let summary = fold(&events);
    let verdicts: Vec<Verdict> = summary.report().expectations.iter().map(|row| row.verdict).collect();
    assert_eq!(verdicts, [Verdict::Warn, Verdict::Pass]);
    assert_eq!(summary.verdict(), Verdict::Warn);
}

#[test]
fn a_verdict_counts_for_the_phases_around_and_may_come_late() {
    let phase = |phase, name: &str, parent| {
        EventKind::PhaseStarted(PhaseStarted {
            phase,
            name: name.into(),
            line: phase as u32,
            pass: 1,
            parent,
            due: 0.0,
        })
    };
    let end = |phase, name: &str| EventKind::PhaseEnded(PhaseEnded { phase, name: name.into(), cut: false });
    let mut late = Judgement::new("A", 9, "expect", Verdict::Fail);
    late.phase = Some(2);
    let events = [
        started(vec![]),
        at(0.0, phase(1, "Outer", None)),
        at(0.0, phase(2, "Inner", Some(1))),
        at(1.0, end(2, "Inner")),
        late.event(1.5),
        at(2.0, phase(3, "Beside", Some(1))),
        at(3.0, end(3, "Beside")),
        at(3.0, end(1, "Outer")),
    ];
    let report = fold(&events).report();
    let phases: Vec<(&str, Option<Verdict>)> =
        report.phases.iter().map(|phase| (phase.name.as_str(), phase.verdict)).collect();
    assert_eq!(phases, [("Outer", Some(Verdict::Fail)), ("Inner", Some(Verdict::Fail)), ("Beside", None)]);
    assert_eq!(report.phases[1].within, ["Outer"]);
}

#[test]
fn a_run_of_any_length_has_a_report_of_a_bounded_size() {
    let mut summary = fold(&[started(vec![expectation("A", 3, "expect")])]);
    let mut size = 0;
    for round in 0..20_000_u64 {
        let now = round as f64;
        let name = || "Flapping".to_owned();
        let applied = FaultApplied {
            fault: round,
            target: "wifi".into(),
            verb: "off".into(),
            line: 5,
            asked: "wifi off 2s".into(),
            due: now,
            applied: now + if round == 15_000 { 0.5 } else { 0.001 },
            lasts: None,
        };
        let undone =
            FaultUndone { fault: round, undone: now + 0.9, measured: None, evidence: Evidence::NotExercised };
        let begun =
            PhaseStarted { phase: round, name: name(), line: 4, pass: round + 1, parent: None, due: now };
        let events = [
            EventKind::PhaseStarted(begun),
            EventKind::FaultApplied(applied),
            EventKind::FaultUndone(undone),
            EventKind::Noticed { line: Some(5), text: "skipped".into() },
            EventKind::Note { line: 5, text: "moving".into() },
            EventKind::PhaseEnded(PhaseEnded { phase: round, name: name(), cut: false }),
        ];
        events.into_iter().for_each(|kind| summary.fold(&at(now, kind)));
        summary.fold(&Judgement::new("A", 3, "expect", Verdict::Fail).event(now));
        if round == 10_000 {
            size = report::json(&summary).len();
        }
    }
    let grown = report::json(&summary).len();
    assert!(grown < size + size / 100, "{size} bytes after half of it, {grown} after all");
    let report = summary.report();
    assert_eq!((report.phases.len(), report.omitted.phases), (1_000, 19_000));
    assert_eq!((report.faults.len(), report.omitted.faults), (1_000, 19_000));
    assert_eq!((report.missed.len(), report.omitted.missed), (100, 19_900));
    assert_eq!((report.fault_groups[0].times, report.fault_groups[0].undone), (20_000, 20_000));
    assert!((report.fault_groups[0].worst_lateness - 0.5).abs() < 1e-6);
    assert_eq!(report.phase_groups[0].verdict, None);
    assert_eq!((report.expectations[0].judged, report.expectations[0].missed), (20_000, 20_000));
    let page = String::from_utf8(report::markdown(&summary)).unwrap();
    assert!(page.lines().count() < 150, "{} lines", page.lines().count());
}

#[test]
fn texts_cannot_break_the_tables_of_the_page() {
    let mut planned = expectation("a | b\n# c", 3, "expect");
    planned.text = "x | `y`".into();
    let mut events = vec![started(vec![planned])];
    let mut judged = Judgement::new("a | b\n# c", 3, "expect", Verdict::Fail);
    judged.text = "x | `y`".into();
    events.push(judged.event(1.0));
    let page = String::from_utf8(report::markdown(&fold(&events))).unwrap();
    let row = page.lines().find(|line| line.starts_with("| a ")).unwrap();
    assert_eq!(row.matches(" | ").count(), 4, "{row}");
    assert!(row.contains("`` x \\| `y` ``"), "{row}");
}
