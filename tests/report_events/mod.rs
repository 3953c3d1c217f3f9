//! Events of runs that never were.

// Each test that shares this uses a part of it.
#![allow(dead_code)]

use soak::event::*;

/// An event at a second of the run.
pub fn at(at: f64, kind: EventKind) -> Event {
    Event::new(at, kind)
}

/// An expectation of the file.
pub fn expectation(name: &str, line: u32, demand: &str) -> Planned {
    Planned { name: name.into(), line, demand: demand.into(), text: "x < 100".into() }
}

/// The start of a run.
pub fn started(expectations: Vec<Planned>) -> Event {
    let started = RunStarted {
        version: VERSION,
        soak: "0.1.0".into(),
        scenario: "Campus vehicle operation".into(),
        file: "campus-vehicle.soak".into(),
        seed: 18_446_744_073_709_551_615,
        started: "2026-11-21T09:44:36Z".into(),
        params: vec![("duration".into(), "45s".into()), ("pace".into(), "20/s".into())],
        expectations,
    };
    at(0.0, EventKind::RunStarted(started))
}

/// The end of a run.
pub fn ended(second: f64, verdict: Verdict) -> Event {
    at(second, EventKind::RunEnded(RunEnded { verdict, story: second - 1.0, reason: None }))
}

/// A judgement to be.
pub struct Judgement {
    pub text: String,
    pub phase: Option<u64>,
    pub took: Option<f64>,
    pub reason: Option<String>,
    pub place: Vec<String>,
    pub faults: Vec<String>,
    name: String,
    line: u32,
    demand: String,
    verdict: Verdict,
    figures: Option<(Figure, Figure)>,
}

impl Judgement {
    pub fn new(name: &str, line: u32, demand: &str, verdict: Verdict) -> Judgement {
        Judgement {
            text: "x < 100".into(),
            phase: None,
            took: None,
            reason: None,
            place: Vec::new(),
            faults: Vec::new(),
            name: name.into(),
            line,
            demand: demand.into(),
            verdict,
            figures: None,
        }
    }

    pub fn figures(mut self, actual: f64, target: f64) -> Judgement {
        let figure =
            |number: f64| Figure { text: number.to_string(), number: Some(number), unit: String::new() };
        self.figures = Some((figure(actual), figure(target)));
        self
    }

    pub fn event(self, second: f64) -> Event {
        let (actual, target) = self.figures.unzip();
        let judged = Judged {
            name: self.name,
            line: self.line,
            demand: self.demand,
            verdict: self.verdict,
            text: self.text,
            target,
            actual,
            took: self.took,
            decided: second,
            reason: self.reason,
            place: self.place,
            phase: self.phase,
            faults: self.faults,
        };
        at(second, EventKind::Judged(judged))
    }
}

fn planned(name: &str, line: u32, demand: &str, text: &str) -> Planned {
    Planned { name: name.into(), line, demand: demand.into(), text: text.into() }
}

fn drained(second: f64, pass: u64, took: Option<f64>, queue: f64, phase: u64) -> Event {
    let verdict = if took.is_some() { Verdict::Pass } else { Verdict::Fail };
    let mut judgement = Judgement::new("Queue recovery", 31, "expect", verdict).figures(queue, 0.0);
    judgement.text = "queue == 0 within 10s".into();
    judgement.took = took;
    judgement.phase = Some(phase);
    judgement.place = vec![format!("pass {pass}"), "Queue drain".into()];
    if took.is_none() {
        judgement.faults = vec!["wifi degrade latency 500ms".into()];
    }
    judgement.event(second)
}

fn phase(second: f64, phase: u64, name: &str, line: u32, pass: u64) -> Event {
    let started = PhaseStarted { phase, name: name.into(), line, pass, parent: None, due: second - 0.001 };
    at(second, EventKind::PhaseStarted(started))
}

fn phase_end(second: f64, phase: u64, name: &str, cut: bool) -> Event {
    at(second, EventKind::PhaseEnded(PhaseEnded { phase, name: name.into(), cut }))
}

fn fault(second: f64, fault: u64, asked: &str, line: u32) -> Event {
    let mut words = asked.split(' ').map(str::to_owned);
    let applied = FaultApplied {
        fault,
        target: words.next().unwrap(),
        verb: words.next().unwrap(),
        line,
        asked: asked.into(),
        due: second - 0.002,
        applied: second,
        lasts: None,
    };
    at(second, EventKind::FaultApplied(applied))
}

fn fault_end(second: f64, fault: u64, measured: Option<&str>, evidence: Evidence) -> Event {
    let undone = FaultUndone { fault, undone: second, measured: measured.map(Into::into), evidence };
    at(second, EventKind::FaultUndone(undone))
}

fn distribution(scale: f64) -> Distribution {
    Distribution {
        min: 0.001 * scale,
        mean: 0.004 * scale,
        p50: 0.003 * scale,
        p90: 0.006 * scale,
        p95: 0.008 * scale,
        p99: 0.02 * scale,
        p999: 0.1 * scale,
        max: 0.25 * scale,
    }
}

fn summaries(second: f64) -> [Event; 2] {
    let load = LoadSummary {
        name: "produce".into(),
        count: 12_345,
        failed: 3,
        dropped: 2,
        skipped: 1,
        cut: 4,
        rate: 308.6,
        latency: Some(distribution(1.0)),
        service_time: Some(distribution(0.5)),
        lateness: None,
        errors: vec![("timeout".into(), 2), ("status 503".into(), 1)],
        requests: vec![NamedRequest { name: "create".into(), count: 12_342, took: distribution(0.25) }],
    };
    let ledger = LedgerSummary {
        name: "uploads".into(),
        sources: vec!["lines(\"out.jsonl\", 'id=(\\d+)')".into()],
        sent: 12_341,
        received: 12_339,
        lost: Account {
            count: 2,
            keys: vec!["ros/2026-11-21/17.log".into(), "ros2/2026-11-21/18.log".into()],
        },
        duplicated: Account::default(),
        unexpected: Account::default(),
        altered: Account::default(),
    };
    [at(second, EventKind::LoadSummary(Box::new(load))), at(second, EventKind::LedgerSummary(ledger))]
}

fn beginning() -> Vec<Event> {
    let command = Command { line: 9, command: "mkdir data".into(), took: 0.01, code: Some(0), failed: None };
    vec![
        started(vec![
            planned("CPU", 20, "want", "uploader.cpu < 80% always"),
            planned("Queue recovery", 31, "expect", "queue == 0 within 10s"),
            planned("intact always", 21, "require", "intact always"),
            planned("Uploaded", 50, "expect", "count(done) > 10_000 at end"),
        ]),
        at(0.0, EventKind::StageStarted { stage: Stage::Setup }),
        at(0.01, EventKind::Command(command)),
        at(0.02, EventKind::StageStarted { stage: Stage::Start }),
        at(0.03, EventKind::ProcessStarted { target: "uploader".into(), pid: 4711, found: false }),
        at(0.35, EventKind::ProcessReady { target: "uploader".into(), took: 0.32 }),
        at(0.4, EventKind::StageStarted { stage: Stage::Story }),
    ]
}

/// A run in which everything happens that an event can tell.
pub fn whole_run() -> Vec<Event> {
    let mut events = beginning();
    let load_text = "load produce at 20/s".to_owned();
    events.extend([
        at(0.4, EventKind::PassStarted { line: 25, pass: 1 }),
        phase(0.401, 1, "Campus interior", 26, 1),
        at(0.41, EventKind::LoadStarted { load: 1, name: "produce".into(), line: 27, text: load_text }),
        fault(0.42, 1, "wifi off", 28),
        at(5.0, EventKind::Note { line: 29, text: "moving the vehicle".into() }),
        fault_end(10.4, 1, Some("31 connections refused"), Evidence::Measured),
        phase_end(10.4, 1, "Campus interior", false),
        phase(10.401, 2, "Queue drain", 30, 1),
        drained(13.6, 1, Some(3.2), 0.0, 2),
        phase_end(20.4, 2, "Queue drain", false),
        at(20.4, EventKind::PassStarted { line: 25, pass: 2 }),
        phase(20.401, 3, "Queue drain", 30, 2),
        fault(20.41, 2, "wifi degrade latency 500ms", 32),
        drained(30.4, 2, None, 37.0, 3),
        at(30.4, EventKind::Shown { line: 31, rows: vec!["job abc123 | 3 bots".into()] }),
        fault_end(30.41, 2, None, Evidence::NotExercised),
        phase_end(30.42, 3, "Queue drain", true),
    ]);
    let mut cpu = Judgement::new("CPU", 20, "want", Verdict::Warn).figures(0.93, 0.8);
    cpu.text = "uploader.cpu < 80% always".into();
    cpu.reason = Some("the breach lasted 30s".into());
    let mut corrupt = Judgement::new("intact always", 21, "require", Verdict::Inconclusive);
    corrupt.text = "intact always".into();
    corrupt.reason = Some("it was never sampled".into());
    events.extend([
        cpu.event(31.0),
        at(
            32.0,
            EventKind::Acted(Acted {
                target: "uploader".into(),
                verb: "kill".into(),
                line: 40,
                asked: "uploader kill".into(),
                due: 32.0,
                measured: None,
                failed: None,
            }),
        ),
        at(
            32.1,
            EventKind::ProcessExited {
                target: "uploader".into(),
                code: None,
                signal: Some(9),
                expected: true,
            },
        ),
        at(
            33.0,
            EventKind::ProcessExited {
                target: "uploader".into(),
                code: Some(2),
                signal: None,
                expected: false,
            },
        ),
        at(33.5, EventKind::Noticed { line: Some(41), text: "a pass of `every` was skipped".into() }),
        at(34.0, EventKind::Interrupted { signal: "SIGINT".into() }),
        at(34.0, EventKind::LoadEnded { load: 1, name: "produce".into(), line: 27 }),
        corrupt.event(34.0),
        at(34.1, EventKind::StageStarted { stage: Stage::Stop }),
        at(34.2, EventKind::StageStarted { stage: Stage::Cleanup }),
        at(
            34.3,
            EventKind::Command(Command {
                line: 60,
                command: "rm -r data".into(),
                took: 0.02,
                code: Some(1),
                failed: Some("it exited with 1".into()),
            }),
        ),
    ]);
    events.extend(summaries(34.4));
    let reason = Some("interrupted".to_owned());
    events.push(at(34.5, EventKind::RunEnded(RunEnded { verdict: Verdict::Fail, story: 33.6, reason })));
    events
}
