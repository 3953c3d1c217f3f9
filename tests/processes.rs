//! The verbs of a process, each on a real one. Every test ends with nobody left and no journal.
#![cfg(target_os = "linux")]

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;
use soak::kinds::process::command::split_command;
use soak::kinds::process::error::ProcessError;
use soak::kinds::process::handle::Process;
use soak::kinds::process::options::{ProcessOptions, Surroundings};
use soak::kinds::process::output::Stream;
use soak::kinds::process::probe::{HttpAddress, Probe};
use soak::kinds::process::state::{Exit, ProcessState};
use soak::kinds::process::supervision::Supervision;
use soak::kinds::undo::{
    JournalError, MarkedProcesses, ProcessEntry, ProcessTable, Recorder, RunId, Ticket, Undo,
};
use soak::lang::moment::Timeline;
use soak::store::journal::Journal;
use soak::store::state_folder::StateFolder;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};

/// Long enough for any machine; nothing here waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

/// A recorder whose disk can be filled.
struct Fillable {
    journal: Journal,
    full: AtomicBool,
}

impl Recorder for Fillable {
    fn record(&self, undo: &Undo) -> Result<Ticket, JournalError> {
        if self.full.load(Ordering::Relaxed) {
            let reason = io::ErrorKind::StorageFull.into();
            return Err(JournalError::Write { path: self.journal.path().to_owned(), reason });
        }
        self.journal.record(undo)
    }

    fn settle(&self, ticket: Ticket) {
        self.journal.settle(ticket);
    }
}

/// A run with a folder of its own.
struct Bench {
    folder: tempfile::TempDir,
    recorder: Arc<Fillable>,
    run: RunId,
    supervision: Supervision,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::fresh().unwrap();
        let state = StateFolder::at(&folder.path().join("state")).unwrap();
        let journal = Journal::begin(&state, &run).unwrap();
        let recorder = Arc::new(Fillable { journal, full: AtomicBool::new(false) });
        let supervision = Supervision::begin(Surroundings {
            run: run.clone(),
            recorder: Arc::clone(&recorder) as Arc<dyn Recorder>,
            timeline: Timeline::begin(),
            scenario_folder: folder.path().to_owned(),
            output_folder: folder.path().join("out"),
        })
        .unwrap();
        Bench { folder, recorder, run, supervision }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn process(&self, command: &str) -> Process {
        self.with(command, |_| {})
    }

    fn with(&self, command: &str, change: impl FnOnce(&mut ProcessOptions)) -> Process {
        let mut options = ProcessOptions::new("subject", split_command(command).unwrap());
        change(&mut options);
        self.supervision.process(options).unwrap()
    }

    fn living(&self) -> Vec<i32> {
        let table = ProcessTable::read().unwrap();
        MarkedProcesses::of(self.run.clone()).members(&table).iter().map(|one| one.pid).collect()
    }

    /// The state letters of the run's processes.
    fn letters(&self) -> String {
        let letter = |pid: &i32| ProcessEntry::read(*pid).map(|entry| char::from(entry.state));
        self.living().iter().filter_map(letter).collect()
    }

    async fn until_living(&self, count: usize) {
        until("the number of processes", || self.living().len() == count).await;
    }

    async fn end(self, process: Process) {
        process.end().await.unwrap();
        assert_eq!(self.living(), [0; 0]);
        self.supervision.end().await.unwrap();
        self.recorder.journal.finish().unwrap();
        assert!(!self.recorder.journal.path().exists());
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{what} never came"));
}

async fn until_state(process: &Process, holds: impl Fn(&ProcessState) -> bool) -> ProcessState {
    let mut state = process.watch();
    let found = timeout(PATIENCE, state.wait_for(|now| holds(now))).await;
    found.unwrap_or_else(|_| panic!("stays {:?}", process.state())).unwrap().clone()
}

#[tokio::test]
async fn start_and_stop() {
    let bench = Bench::new();
    let process = bench.process("sleep 100");
    assert_eq!(process.state(), ProcessState::default());
    process.start().await.unwrap();
    let state = process.state();
    assert!(state.up && state.ready);
    assert_eq!(bench.living(), [state.pid().unwrap()]);
    process.start().await.unwrap();
    assert_eq!(process.state().pid(), state.pid());
    process.stop().await.unwrap();
    let state = process.state();
    assert!(!state.up && !state.ready);
    assert_eq!((state.exit, state.exit_code(), state.pid()), (Some(Exit::Signal(15)), Some(143), None));
    process.stop().await.unwrap();
    bench.end(process).await;
}

#[tokio::test]
async fn stop_kills_what_ignores_it_after_the_grace() {
    let bench = Bench::new();
    let process = bench.with("sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 0.05; done'", |options| {
        options.stop_grace = Duration::from_millis(300);
        options.ready = Some(Probe::Line(regex::Regex::new("^deaf$").unwrap()));
    });
    process.start().await.unwrap();
    process.wait_ready().await.unwrap();
    process.stop().await.unwrap();
    assert_eq!(process.state().exit, Some(Exit::Signal(9)));
    bench.end(process).await;
}

#[tokio::test]
async fn a_kill_overtakes_a_stop() {
    let bench = Bench::new();
    let process = bench.with("sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 0.05; done'", |options| {
        options.stop_grace = Duration::from_secs(3600);
        options.ready = Some(Probe::Line(regex::Regex::new("^deaf$").unwrap()));
        options.restart_after = Some(Duration::ZERO);
    });
    process.start().await.unwrap();
    process.wait_ready().await.unwrap();
    let both = async { tokio::join!(process.stop(), process.kill()) };
    let (stopped, killed) = timeout(PATIENCE, both).await.unwrap();
    stopped.unwrap();
    killed.unwrap();
    assert!(!process.state().up && !process.state().restarting, "restarted after a stop");
    bench.end(process).await;
}

#[tokio::test]
async fn a_kill_reaches_double_forkers_and_pipelines() {
    let bench = Bench::new();
    let tree = "sh -c '(setsid sleep 100 &) ; env -i setsid sleep 100 & sleep 100 | sleep 100 & wait'";
    let process = bench.process(tree);
    process.start().await.unwrap();
    bench.until_living(5).await;
    process.kill().await.unwrap();
    assert_eq!(bench.living(), [0; 0]);
    assert_eq!(process.state().exit, Some(Exit::Signal(9)));
    assert!(matches!(process.kill().await, Err(ProcessError::NotRunning { .. })));
    bench.end(process).await;
}

#[tokio::test]
async fn a_daemon_left_behind_is_ended_with_the_process() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'setsid sleep 100 & exit 3'");
    process.start().await.unwrap();
    let state = until_state(&process, |state| state.exit.is_some()).await;
    assert_eq!((state.up, state.exit_code()), (false, Some(3)));
    bench.until_living(1).await;
    process.start().await.unwrap();
    until_state(&process, |state| state.restarts == 1 && !state.up).await;
    bench.until_living(1).await;
    bench.end(process).await;
}

#[tokio::test]
async fn held_down_until_released() {
    let bench = Bench::new();
    let process = bench.with("sleep 100", |options| options.restart_after = Some(Duration::ZERO));
    process.start().await.unwrap();
    process.hold_down().await.unwrap();
    process.hold_down().await.unwrap();
    sleep(Duration::from_millis(150)).await;
    assert!(!process.state().up && process.state().held);
    assert!(matches!(process.start().await, Err(ProcessError::HeldDown { .. })));
    process.release().await.unwrap();
    assert!(!process.state().up);
    process.release().await.unwrap();
    assert!(process.state().up && !process.state().held);
    process.hold_down().await.unwrap();
    process.stop().await.unwrap();
    process.release().await.unwrap();
    assert!(!process.state().up, "a stop during the hold is forgotten");
    bench.end(process).await;
}

#[tokio::test]
async fn the_restart_policy_follows_exits_and_kills_but_not_stops() {
    let bench = Bench::new();
    let process = bench.with("sleep 100", |options| options.restart_after = Some(Duration::from_millis(50)));
    process.start().await.unwrap();
    let first = process.state().pid();
    process.kill().await.unwrap();
    let state = until_state(&process, |state| state.up).await;
    assert_eq!(state.restarts, 1);
    assert_ne!(state.pid(), first);
    process.signal(Signal::SIGTERM).await.unwrap();
    until_state(&process, |state| state.restarts == 2).await;
    process.stop().await.unwrap();
    sleep(Duration::from_millis(200)).await;
    assert!(!process.state().up);
    process.start().await.unwrap();
    process.restart().await.unwrap();
    assert_eq!(process.state().restarts, 4);
    bench.end(process).await;
}

#[tokio::test]
async fn pause_stops_the_whole_tree_and_resume_lets_it_go_on() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'setsid sleep 100 & sleep 100 & wait'");
    process.start().await.unwrap();
    bench.until_living(3).await;
    let before = bench.recorder.journal.owed();
    process.pause().await.unwrap();
    process.pause().await.unwrap();
    until("a stopped tree", || bench.letters() == "TTT").await;
    assert_eq!(bench.recorder.journal.owed(), before + 1);
    assert!(process.state().up && process.state().paused);
    process.resume().await.unwrap();
    until("a running tree", || bench.letters() == "SSS").await;
    assert_eq!(bench.recorder.journal.owed(), before);
    process.pause().await.unwrap();
    timeout(PATIENCE, process.stop()).await.unwrap().unwrap();
    assert_eq!(process.state().exit, Some(Exit::Signal(15)), "a paused process takes its stop signal");
    assert!(matches!(process.pause().await, Err(ProcessError::NotRunning { .. })));
    process.resume().await.unwrap();
    bench.end(process).await;
}

#[tokio::test]
async fn a_pause_ends_with_the_process() {
    let bench = Bench::new();
    let process = bench.process("sleep 100");
    process.start().await.unwrap();
    process.pause().await.unwrap();
    process.kill().await.unwrap();
    assert!(!process.state().paused);
    bench.end(process).await;
}

#[tokio::test]
async fn lines_go_in_and_come_out() {
    let bench = Bench::new();
    let process = bench
        .process("sh -c 'while read line; do echo \"got $line\"; echo \"saw $line\" >&2; done; printf last'");
    let mut lines = process.lines();
    process.start().await.unwrap();
    process.send("one").await.unwrap();
    let (mut out, mut err) = (None, None);
    while out.is_none() || err.is_none() {
        let line = timeout(PATIENCE, lines.recv()).await.unwrap().unwrap();
        let place = if line.stream == Stream::Output { &mut out } else { &mut err };
        *place = Some(line.text.to_string());
    }
    assert_eq!((out.as_deref(), err.as_deref()), (Some("got one"), Some("saw one")));
    process.stop().await.unwrap();
    assert!(matches!(process.send("two").await, Err(ProcessError::NotRunning { .. })));
    let log = process.log().to_owned();
    bench_end_keeping(bench, process, |_| {
        let mut text: Vec<String> = fs::read_to_string(&log).unwrap().lines().map(String::from).collect();
        text.sort();
        assert_eq!(text, ["got one", "saw one"]);
    })
    .await;
}

/// Ends the run and looks at its folder before that goes.
async fn bench_end_keeping(bench: Bench, process: Process, look: impl FnOnce(&Path)) {
    process.end().await.unwrap();
    look(bench.path());
    bench.supervision.end().await.unwrap();
    bench.recorder.journal.finish().unwrap();
}

#[tokio::test]
async fn a_flood_of_output_is_bounded_and_counted() {
    let bench = Bench::new();
    let process =
        bench.process("sh -c 'seq 1 200000; head -c 100000 /dev/zero | tr \"\\\\0\" x; echo; echo end'");
    let mut lines = process.lines();
    process.start().await.unwrap();
    until_state(&process, |state| state.exit.is_some()).await;
    sleep(Duration::from_millis(50)).await;
    let (mut seen, mut missed, mut cut) = (0, 0, 0);
    loop {
        match timeout(PATIENCE, lines.recv()).await.unwrap() {
            Ok(line) => {
                seen += 1;
                cut += usize::from(line.cut);
                if &*line.text == "end" {
                    break;
                }
            }
            Err(RecvError::Lagged(count)) => missed += count,
            Err(RecvError::Closed) => panic!("the end never came"),
        }
    }
    assert_eq!((seen + missed, cut), (200_002, 1));
    assert!(missed > 0);
    let log = process.log().to_owned();
    bench_end_keeping(bench, process, |_| {
        let text = fs::read_to_string(&log).unwrap();
        assert_eq!(text.lines().count(), 200_002);
        assert!(text.ends_with("x\nend\n"));
    })
    .await;
}

#[tokio::test]
async fn each_probe_makes_a_process_ready() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answers = tokio::spawn(async move {
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let mut buffer = [0; 1024];
                let length = peer.read(&mut buffer).await.unwrap_or(0);
                let good = buffer[..length].starts_with(b"GET /good");
                let status = if good { "204 No Content" } else { "503 Unavailable" };
                let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = peer.write_all(text.as_bytes()).await;
            });
        }
    });
    let http = |path: &str| Probe::Http(HttpAddress::parse(&format!("http://{address}{path}")).unwrap());
    let cases = [
        ("http", http("/good"), true),
        ("http with an error", http("/bad"), false),
        ("tcp", Probe::Tcp(address.to_string()), true),
        ("tcp to nobody", Probe::Tcp("127.0.0.1:1".into()), false),
        ("line", Probe::Line(regex::Regex::new("^up [0-9]+$").unwrap()), true),
        ("another line", Probe::Line(regex::Regex::new("never").unwrap()), false),
        ("file", Probe::File("touched".into()), true),
        ("an untouched file", Probe::File("old".into()), false),
        ("succeeds", Probe::Succeeds(vec!["test".into(), "-f".into(), "touched".into()]), true),
        ("fails", Probe::Succeeds(vec!["false".into()]), false),
    ];
    for (name, probe, ready) in cases {
        let bench = Bench::new();
        fs::write(bench.path().join("old"), "").unwrap();
        let process = bench.with("sh -c 'sleep 0.1; echo >touched; echo up 1; exec sleep 100'", |options| {
            options.ready = Some(probe);
            options.within = if ready { PATIENCE } else { Duration::from_millis(700) };
        });
        process.start().await.unwrap();
        let found = process.wait_ready().await;
        assert_eq!(found.is_ok(), ready, "{name}: {found:?}");
        assert_eq!(process.state().ready, ready, "{name}");
        process.kill().await.unwrap();
        assert!(!process.state().ready, "{name}");
        bench.end(process).await;
    }
    answers.abort();
    for refused in ["https://localhost/", "localhost", "http://"] {
        assert!(HttpAddress::parse(refused).is_err(), "{refused}");
    }
}

#[tokio::test]
async fn readiness_is_probed_throughout() {
    let bench = Bench::new();
    let process = bench.with("sh -c 'sleep 0.1; echo >alive; exec sleep 100'", |options| {
        options.ready = Some(Probe::File("alive".into()));
    });
    process.start().await.unwrap();
    process.wait_ready().await.unwrap();
    fs::remove_file(bench.path().join("alive")).unwrap();
    let state = until_state(&process, |state| !state.ready).await;
    assert!(state.up);
    bench.end(process).await;
}

#[tokio::test]
async fn an_exit_before_ready_is_told_at_once() {
    let bench = Bench::new();
    let process =
        bench.with("sh -c 'exit 7'", |options| options.ready = Some(Probe::Tcp("127.0.0.1:1".into())));
    process.start().await.unwrap();
    let error = process.wait_ready().await.unwrap_err();
    assert_eq!(error.to_string(), "`subject` ended before it was ready (exit code 7)");
    bench.end(process).await;
}

#[tokio::test]
async fn readings_cover_the_tree() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'setsid sleep 100 & sh -c \"while :; do :; done\" & wait'");
    let mut sampler = process.sampler();
    assert_eq!(sampler.sample().await, None);
    process.start().await.unwrap();
    bench.until_living(3).await;
    let first = sampler.sample().await.unwrap();
    assert_eq!((first.cpu, first.threads), (None, 3));
    assert!(first.rss > 100_000 && first.files >= 9, "{first:?}");
    let mut cpu = 0.0;
    for _ in 0..100 {
        sleep(Duration::from_millis(100)).await;
        cpu = sampler.sample().await.unwrap().cpu.unwrap();
        if cpu > 0.1 {
            break;
        }
    }
    assert!(cpu > 0.1 && cpu < 1.9, "{cpu}");
    bench.end(process).await;
}

#[tokio::test]
async fn orphans_that_end_are_reaped() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'for n in 1 2 3; do (setsid true &); done; sleep 100'");
    process.start().await.unwrap();
    let own = nix::unistd::getpid().as_raw();
    sleep(Duration::from_millis(300)).await;
    let zombies = || {
        let table = ProcessTable::read().unwrap();
        table.iter().filter(|entry| entry.parent == own && entry.is_zombie()).count()
    };
    until("an end of zombies", || zombies() == 0).await;
    bench.end(process).await;
}

#[tokio::test]
async fn what_is_missing_is_told_before_anything_starts() {
    let bench = Bench::new();
    let make = |command: &str, folder: Option<&str>| {
        let mut options = ProcessOptions::new("subject", split_command(command).unwrap());
        options.folder = folder.map(Into::into);
        bench.supervision.process(options)
    };
    assert!(matches!(make("no-such-program-anywhere", None), Err(ProcessError::ProgramMissing { .. })));
    fs::write(bench.path().join("plain"), "").unwrap();
    assert!(matches!(make("./plain", None), Err(ProcessError::NotExecutable { .. })));
    assert!(matches!(make("true", Some("plain")), Err(ProcessError::NoFolder { .. })));
    let process = make("true", Some("not-yet")).unwrap();
    assert!(matches!(process.start().await, Err(ProcessError::Start { .. })));
    assert!(!process.state().up);
    bench.end(process).await;
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_stops_start_and_pause() {
    let bench = Bench::new();
    let process = bench.process("sleep 100");
    bench.recorder.full.store(true, Ordering::Relaxed);
    let error = process.start().await.unwrap_err();
    assert!(error.to_string().starts_with("cannot write the undo journal"), "{error}");
    assert!(!process.state().up);
    assert_eq!(bench.living(), [0; 0]);
    bench.recorder.full.store(false, Ordering::Relaxed);
    process.start().await.unwrap();
    bench.recorder.full.store(true, Ordering::Relaxed);
    assert!(matches!(process.pause().await, Err(ProcessError::Journal(_))));
    assert_eq!(bench.letters(), "S");
    bench.recorder.full.store(false, Ordering::Relaxed);
    bench.end(process).await;
}

#[tokio::test]
async fn a_process_that_does_not_read_is_told() {
    let bench = Bench::new();
    let process = bench.process("sleep 100");
    process.start().await.unwrap();
    let line = "x".repeat(60_000);
    process.send(&line).await.unwrap();
    assert!(matches!(process.send(&line).await, Err(ProcessError::InputFull { .. })));
    let long = "x".repeat(2_000_000);
    assert!(matches!(process.send(&long).await, Err(ProcessError::LineTooLong { .. })));
    bench.end(process).await;
}

#[tokio::test]
async fn a_dropped_handle_takes_its_process_along() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'setsid sleep 100 & wait'");
    process.start().await.unwrap();
    bench.until_living(2).await;
    drop(process);
    bench.until_living(0).await;
    until("a settled journal", || bench.recorder.journal.owed() == 1).await;
    bench.supervision.end().await.unwrap();
    bench.recorder.journal.finish().unwrap();
}

#[tokio::test]
async fn orphans_without_mark_session_and_parents_end_with_the_run() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'env -i setsid sleep 101 & exit'");
    process.start().await.unwrap();
    until_state(&process, |state| state.exit.is_some()).await;
    let alive = || {
        let table = ProcessTable::read().unwrap();
        let orphans = soak::kinds::process::reaper::orphans(&table);
        orphans.iter().filter(|entry| !entry.is_zombie() && !soak::kinds::undo::is_marked(entry.pid)).count()
    };
    until("an orphan", || alive() == 1).await;
    bench.end(process).await;
    assert_eq!(alive(), 0);
}

#[tokio::test]
async fn a_descendant_seen_once_is_not_lost_when_its_parent_ends() {
    let bench = Bench::new();
    let daemon = "trap \"\" TERM; echo ready; while :; do /bin/sleep 0.05; done";
    let process = bench.with(&format!("sh -c 'env -i setsid sh -c \"$0\" & wait' '{daemon}'"), |options| {
        options.stop_grace = Duration::from_millis(300);
        options.ready = Some(Probe::Line(regex::Regex::new("^ready$").unwrap()));
    });
    process.start().await.unwrap();
    process.wait_ready().await.unwrap();
    process.stop().await.unwrap();
    assert_eq!(process.state().exit, Some(Exit::Signal(15)));
    let table = ProcessTable::read().unwrap();
    let left = soak::kinds::process::reaper::orphans(&table);
    assert!(left.iter().all(|entry| entry.is_zombie()), "{left:?}");
    bench.end(process).await;
}
