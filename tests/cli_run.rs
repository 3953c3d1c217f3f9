//! Everything around a run, with something made up in place of what carries it out.

#![cfg(target_os = "linux")]

mod cli_soak;
mod report_events;

use clap::Parser;
use cli_soak::Soak;
use report_events::{Judgement, at};
use soak::check::scenario::Scenario;
use soak::cli::Exit;
use soak::cli::run::{Deny, Executor, Outcome, Refusal, RunArguments, RunOptions, run_with};
use soak::event::control::{Control, Signal};
use soak::event::{Event, EventKind, RunEnded, RunStarted, VERSION, Verdict};
use soak::source::Sources;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SCENARIO: &str = "\
scenario \"A made-up run\"

param length = 1s

expect \"Memory\": machine.memory < 90% always
want \"Idle\": machine.cpu < 50% always
wait length
";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    run: RunArguments,
}

/// Says what it is told to say.
#[derive(Default)]
struct Made {
    events: Vec<Event>,
    outcome: Option<Outcome>,
    refusal: Option<&'static str>,
    /// What it was given.
    seen: Arc<Mutex<Option<(RunOptions, RunStarted)>>>,
    started: Mutex<Option<RunStarted>>,
    silent: bool,
    /// Whether it waits for two signals, which it sends itself.
    waits: bool,
}

impl Executor for Made {
    fn plan(
        &self,
        scenario: &Scenario,
        sources: &Sources,
        options: &RunOptions,
    ) -> Result<Option<Duration>, Refusal> {
        *self.started.lock().unwrap() = Some(started(scenario, sources, options));
        match self.refusal {
            Some(sentence) => Err(Refusal::Sentence(sentence.into())),
            None => Ok(Some(Duration::from_secs(1))),
        }
    }

    fn execute(
        self: Box<Self>,
        _scenario: Arc<Scenario>,
        options: RunOptions,
        sink: &mut dyn FnMut(Event),
        mut control: Control,
    ) -> Outcome {
        if self.waits {
            return wait(&mut control);
        }
        let started = self.started.into_inner().unwrap().unwrap();
        *self.seen.lock().unwrap() = Some((options, started.clone()));
        if !self.silent {
            sink(at(0.0, EventKind::RunStarted(started)));
            self.events.into_iter().for_each(&mut *sink);
            let ended = RunEnded { verdict: Verdict::Pass, story: 1.0, reason: None };
            sink(at(2.0, EventKind::RunEnded(ended)));
        }
        self.outcome.unwrap_or(Outcome::Ended)
    }
}

/// Sends signals to this process and tells the first that comes through.
fn wait(control: &mut Control) -> Outcome {
    use nix::sys::signal::{Signal as Raised, raise};
    let mut next = || {
        let give_up = Instant::now() + Duration::from_secs(20);
        loop {
            match control.try_next() {
                Some(signal) => return signal,
                None if Instant::now() > give_up => panic!("the signal did not come through"),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    };
    raise(Raised::SIGHUP).unwrap();
    raise(Raised::SIGINT).unwrap();
    let first = next();
    raise(Raised::SIGTERM).unwrap();
    assert_eq!((first, next()), (Signal::Interrupt, Signal::Terminate));
    Outcome::Stopped(first)
}

/// What a run of this scenario begins with.
fn started(scenario: &Scenario, sources: &Sources, options: &RunOptions) -> RunStarted {
    RunStarted {
        version: VERSION,
        soak: "0.0.0".into(),
        scenario: scenario.title.clone(),
        file: sources.files()[0].name().to_owned(),
        seed: options.seed,
        started: options.started_text(),
        params: Vec::new(),
        expectations: Vec::new(),
    }
}

fn judged(memory: Verdict, idle: Verdict) -> Vec<Event> {
    let mut first = Judgement::new("Memory", 5, "expect", memory);
    first.text = "machine.memory < 90% always".into();
    let mut second = Judgement::new("Idle", 6, "want", idle);
    second.text = "machine.cpu < 50% always".into();
    vec![first.event(1.0), second.event(1.0)]
}

/// Runs the scenario in a folder; gives the exit and where the run's folder is.
fn run(folder: &Path, made: Made, more: &[&str]) -> (Exit, PathBuf) {
    let file = folder.join("a.soak");
    std::fs::write(&file, SCENARIO).unwrap();
    let out = folder.join("out");
    let mut words = vec!["soak", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    words.extend(more);
    (run_with(Line::parse_from(words).run, false, |_| Some(Box::new(made))), out)
}

#[test]
fn a_run_leaves_its_folder_and_its_exit_code() {
    use Verdict::{Fail, Inconclusive, Pass, Warn};
    let cases: &[(Verdict, Verdict, &[&str], u8)] = &[
        (Pass, Pass, &[], 0),
        (Pass, Warn, &[], 0),
        (Pass, Warn, &["--strict"], 1),
        (Fail, Pass, &[], 1),
        (Inconclusive, Pass, &[], 1),
    ];
    for (memory, idle, more, code) in cases {
        let folder = tempfile::tempdir().unwrap();
        let made = Made { events: judged(*memory, *idle), ..Made::default() };
        let (exit, out) = run(folder.path(), made, more);
        assert_eq!(exit.code(), *code, "{memory:?} {idle:?} {more:?}");
        for name in ["events.jsonl", "report.json", "report.md", "soak.log"] {
            assert!(out.join(name).exists(), "{name}");
        }
        let json = std::fs::read_to_string(out.join("report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(report["scenario"], "A made-up run");
        assert_eq!(report["expectations"].as_array().unwrap().len(), 2);
        assert_eq!(std::fs::read_to_string(out.join("events.jsonl")).unwrap().lines().count(), 4);
        let names: Vec<_> =
            std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 4, "nothing else: {names:?}");
    }
}

#[test]
fn ends_that_are_no_verdict_have_codes_of_their_own() {
    let cases = [
        (Outcome::Stopped(Signal::Interrupt), 130),
        (Outcome::Stopped(Signal::Terminate), 143),
        (Outcome::Impossible("a port is taken".into()), 3),
    ];
    for (outcome, code) in cases {
        for silent in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let made = Made { outcome: Some(outcome.clone()), silent, ..Made::default() };
            let (exit, out) = run(folder.path(), made, &[]);
            assert_eq!(exit.code(), code, "{outcome:?}");
            assert_eq!(out.join("report.json").exists(), !silent, "a report where a run had begun");
        }
    }
}

#[test]
fn signals_reach_the_run_and_a_hangup_does_not_end_it() {
    let folder = tempfile::tempdir().unwrap();
    let (exit, _) = run(folder.path(), Made { waits: true, ..Made::default() }, &[]);
    assert_eq!(exit.code(), 130);
}

#[test]
fn what_is_typed_reaches_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let made = Made::default();
    let seen = Arc::clone(&made.seen);
    let more = "--seed 7 --param length=3s --only A --only B --skip C --deny run --deny load --keep";
    run(folder.path(), made, &more.split(' ').collect::<Vec<_>>());
    let (options, started) = seen.lock().unwrap().take().unwrap();
    assert_eq!((options.seed, started.seed), (7, 7));
    assert_eq!((options.only.join(" "), options.skip.join(" ")), ("A B".into(), "C".into()));
    assert!(options.denies(Deny::Run) && options.denies(Deny::Load) && !options.denies(Deny::Fault));
    assert!(options.keep);
    assert_eq!(options.base, folder.path());
    assert_eq!(options.folder, folder.path().join("out"));
}

#[test]
fn a_seed_that_nobody_chose_is_drawn() {
    let seed = || {
        let folder = tempfile::tempdir().unwrap();
        let made = Made::default();
        let seen = Arc::clone(&made.seen);
        run(folder.path(), made, &[]);
        seen.lock().unwrap().take().unwrap().0.seed
    };
    let (first, second) = (seed(), seed());
    assert_ne!(first, second);
    assert!(first < 1 << 53);
}

#[test]
fn nothing_is_made_where_the_run_must_not_begin() {
    let folder = tempfile::tempdir().unwrap();
    let made = Made { refusal: Some("there is no phase `A`"), ..Made::default() };
    let (exit, out) = run(folder.path(), made, &["--only", "A"]);
    assert_eq!(exit, Exit::Wrong);
    assert!(!out.exists());

    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("report.md"), "mine").unwrap();
    let (exit, _) = run(folder.path(), Made::default(), &[]);
    assert_eq!(exit, Exit::Wrong);
    assert_eq!(std::fs::read_to_string(out.join("report.md")).unwrap(), "mine");
}

#[test]
fn a_secret_must_be_there_and_is_never_shown() {
    let scenario = "scenario \"A\"\nsecret token from env \"SOAK_TEST_TOKEN\"\n\
        http api { base \"http://127.0.0.1:9\"; header \"X\" token }\n\
        action ask { api get \"/\" }\nload ask at 1/s for 1s\nexpect ask.success > 0% at end\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.soak");
    std::fs::write(&file, scenario).unwrap();
    let out = folder.path().join("out");
    let words = ["soak", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let made = Made::default();
    let exit = run_with(Line::parse_from(words).run, false, |_| Some(Box::new(made)));
    assert_eq!(exit, Exit::Impossible);
    assert!(!out.exists(), "nothing was made");
    Soak::new().file("a.soak", scenario).run(&["check", "a.soak"]).code(0);
    let value = soak::cli::run::SecretValue { name: "token".into(), text: "hunter2".into() };
    assert!(!format!("{value:?}").contains("hunter2"));
}

#[test]
fn an_unwritable_folder_is_told_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.soak");
    std::fs::write(&file, SCENARIO).unwrap();
    for (out, exit) in [("/proc/soak-run", Exit::Impossible), (file.to_str().unwrap(), Exit::Wrong)] {
        let words = ["soak", file.to_str().unwrap(), "--out", out];
        let made = Made::default();
        let seen = Arc::clone(&made.seen);
        assert_eq!(run_with(Line::parse_from(words).run, false, |_| Some(Box::new(made))), exit, "{out}");
        assert!(seen.lock().unwrap().is_none(), "it did not start");
    }
}
