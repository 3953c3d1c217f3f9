//! The guardian and `recover` after every way a run can end. The test program starts itself again as a run and as
//! that run's guardian; `role` is where those two begin.
#![cfg(target_os = "linux")]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use soak::kinds::process::command::split_command;
use soak::kinds::process::handle::Process;
use soak::kinds::process::options::{ProcessOptions, Surroundings};
use soak::kinds::process::supervision::Supervision;
use soak::kinds::undo::{
    Applied, Delivery, Identity, MarkedProcesses, OwnedFile, OwnedFolder, ProcessEntry, ProcessTable,
    Recorder, RunId, Undo,
};
use soak::lang::mask::Mask;
use soak::lang::moment::Timeline;
use soak::store::guardian::{self, Guardian, GuardianProgram, Tended};
use soak::store::journal::Journal;
use soak::store::recover::recover_in;
use soak::store::state_folder::StateFolder;

const ROLE: &str = "SOAK_TEST_ROLE";
const FOLDER: &str = "SOAK_TEST_FOLDER";
const RUN: &str = "SOAK_TEST_RUN";
const PATIENCE: Duration = Duration::from_secs(30);
/// The least the guardian counts in is a second.
const SILENCE: Duration = Duration::from_secs(2);

/// Not a test of its own: what this program does when it was started by one below.
#[test]
fn role() {
    match env::var(ROLE).as_deref() {
        Ok("guardian") => {
            let arguments: Vec<OsString> = env::args_os().collect();
            std::process::exit(guardian::main(&arguments[arguments.len() - 3..]));
        }
        Ok(end) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(end));
        }
        Err(_) => {}
    }
}

fn program() -> GuardianProgram {
    GuardianProgram {
        program: env::current_exe().unwrap(),
        arguments: ["role", "--exact", "--nocapture"].map(OsString::from).to_vec(),
        environment: vec![(ROLE.into(), "guardian".into())],
        silence: SILENCE,
    }
}

fn scratch(folder: &Path, run: &RunId) -> OwnedFolder {
    OwnedFolder::plan(&folder.join(format!("scratch-{run}")), run).unwrap()
}

/// A run with everything in it that needs undoing, and the given end.
async fn run(end: &str) {
    let folder = PathBuf::from(env::var_os(FOLDER).unwrap());
    let run = RunId::parse(&env::var(RUN).unwrap()).unwrap();
    let state = StateFolder::at(&folder.join("state")).unwrap();
    let mut guardian = Guardian::start_with(program(), &state.journal_of(&run)).unwrap();
    let journal = Arc::new(Journal::begin(&state, &run).unwrap());
    let recorder = Arc::clone(&journal) as Arc<dyn Recorder>;
    let own = scratch(&folder, &run);
    let held = Applied::record(&recorder, Undo::Folder(own.clone())).unwrap();
    own.create().unwrap();
    fs::write(own.path().join("file"), "x").unwrap();
    let supervision = Supervision::begin(Surroundings {
        run,
        recorder,
        timeline: Timeline::begin(),
        scenario_folder: folder.clone(),
        output_folder: folder.join("out"),
        mask: Mask::default(),
    })
    .unwrap();
    let start = async |name: &str, command: &str| {
        let options = ProcessOptions::new(name, split_command(command).unwrap());
        let process = supervision.process(options).unwrap();
        process.start().await.unwrap();
        process
    };
    let processes: [Process; 3] = [
        start("plain", "sleep 100").await,
        start("forker", "sh -c '(setsid sleep 100 &); sleep 100 & wait'").await,
        start("paused", "sh -c 'sleep 100 & wait'").await,
    ];
    // Its second process has to be there before the pause.
    tokio::time::sleep(Duration::from_millis(200)).await;
    processes[2].pause().await.unwrap();
    fs::write(folder.join("guardian.part"), guardian.pid().to_string()).unwrap();
    fs::rename(folder.join("guardian.part"), folder.join("guardian")).unwrap();
    match end {
        "beat" => guardian.keep(|_| {}).await,
        "silence" => std::thread::sleep(Duration::from_secs(600)),
        "done" => {
            for process in processes {
                process.end().await.unwrap();
            }
            supervision.end().await.unwrap();
            held.undo().unwrap();
            journal.finish().unwrap();
            guardian.finish();
        }
        other => panic!("{other}"),
    }
}

/// A run in a process of its own, as seen by a test.
struct Bench {
    folder: tempfile::TempDir,
    run: RunId,
    runner: Child,
    guardian: Identity,
}

impl Bench {
    fn start(end: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let run = RunId::fresh().unwrap();
        let runner = Command::new(env::current_exe().unwrap())
            .args(["role", "--exact", "--nocapture"])
            .env(ROLE, end)
            .env(FOLDER, folder.path())
            .env(RUN, run.as_str())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let told = folder.path().join("guardian");
        until("a running run", || told.exists());
        let guardian = fs::read_to_string(told).unwrap().parse().unwrap();
        // A run that ends by itself may have ended its guardian by now.
        let guardian = Identity::of(guardian).unwrap_or_else(|| Identity::from_parts(guardian, 0));
        Bench { folder, run, runner, guardian }
    }

    fn runner(&self) -> Identity {
        Identity::of(self.runner.id() as i32).unwrap()
    }

    fn state(&self) -> StateFolder {
        StateFolder::at(&self.folder.path().join("state")).unwrap()
    }

    fn living(&self) -> usize {
        MarkedProcesses::of(self.run.clone()).members(&ProcessTable::read().unwrap()).len()
    }

    fn kill_runner(&mut self) {
        self.runner.kill().unwrap();
        self.runner.wait().unwrap();
    }

    fn kill_guardian(&self) {
        assert_eq!(self.guardian.signal(Signal::SIGKILL), Delivery::Sent);
        until("an end of the guardian", || !self.guardian.lives());
    }

    fn assert_nothing_left(&self) {
        until("an end of the guardian", || !self.guardian.lives());
        assert_eq!(self.living(), 0);
        assert!(!scratch(self.folder.path(), &self.run).path().exists());
        assert_eq!(fs::read_dir(self.state().path()).unwrap().count(), 0);
    }
}

impl Drop for Bench {
    /// After a failed test: whatever the code under test left.
    fn drop(&mut self) {
        let _ = self.runner.kill();
        let _ = self.runner.wait();
        self.guardian.signal(Signal::SIGKILL);
        let _ = Undo::Marked(MarkedProcesses::of(self.run.clone())).carry_out();
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_killed_run_is_undone_by_its_guardian() {
    let mut bench = Bench::start("beat");
    assert_eq!(bench.living(), 6);
    bench.kill_runner();
    bench.assert_nothing_left();
}

#[test]
fn a_hung_run_is_killed_and_undone() {
    let mut bench = Bench::start("silence");
    bench.assert_nothing_left();
    assert!(!bench.runner.wait().unwrap().success());
}

#[test]
fn a_suspended_run_is_killed_and_undone() {
    let mut bench = Bench::start("beat");
    assert_eq!(bench.runner().signal(Signal::SIGSTOP), Delivery::Sent);
    bench.assert_nothing_left();
    assert!(!bench.runner.wait().unwrap().success());
}

#[test]
fn a_run_that_beats_is_left_alone_for_longer_than_the_limit() {
    let mut bench = Bench::start("beat");
    std::thread::sleep(2 * SILENCE + Duration::from_secs(1));
    assert_eq!(bench.living(), 6);
    assert!(bench.guardian.lives() && bench.runner().lives());
    bench.kill_runner();
    bench.assert_nothing_left();
}

#[test]
fn a_guardian_does_not_end_by_what_ends_a_terminals_programs() {
    let mut bench = Bench::start("beat");
    let table = ProcessTable::read().unwrap();
    assert_eq!(table.get(bench.guardian.pid).unwrap().session, bench.guardian.pid);
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGTSTP] {
        assert_eq!(bench.guardian.signal(signal), Delivery::Sent);
    }
    std::thread::sleep(Duration::from_millis(300));
    assert!(bench.guardian.lives());
    assert_eq!(bench.living(), 6);
    bench.kill_runner();
    bench.assert_nothing_left();
}

#[test]
fn recover_undoes_where_both_were_killed() {
    let mut bench = Bench::start("beat");
    assert!(recover_in(&bench.state()).is_empty(), "a living run");
    bench.runner().signal(Signal::SIGSTOP);
    bench.kill_guardian();
    assert!(recover_in(&bench.state()).is_empty(), "a suspended run");
    bench.kill_runner();
    assert_eq!(bench.living(), 6);
    let recovered = recover_in(&bench.state()).pop().unwrap().unwrap();
    assert_eq!(recovered.undone.len() + recovered.already_gone.len(), 6, "{recovered}");
    // Its pause went with it.
    assert!(recovered.undone[0].starts_with("process `paused`"), "{recovered}");
    assert!(recovered.undone.last().unwrap().starts_with("folder"), "{recovered}");
    bench.assert_nothing_left();
}

#[test]
fn recover_waits_for_a_guardian_that_is_at_it() {
    let mut bench = Bench::start("beat");
    bench.kill_runner();
    assert!(recover_in(&bench.state()).iter().all(Result::is_ok));
    assert_eq!((bench.living(), bench.state().journals().unwrap().len()), (0, 0));
}

#[test]
fn a_killed_guardian_is_replaced_by_one_that_undoes() {
    let mut bench = Bench::start("beat");
    bench.kill_guardian();
    let runner = bench.runner().pid;
    let guardians = || {
        let table = ProcessTable::read().unwrap();
        let leads = |entry: &&ProcessEntry| {
            entry.parent == runner && entry.session == entry.pid && !entry.is_zombie()
        };
        let pids: Vec<i32> = table.iter().filter(leads).map(|entry| entry.pid).collect();
        let is_marked = |pid: &i32| soak::kinds::undo::is_marked(*pid);
        pids.into_iter().filter(|pid| !is_marked(pid)).filter_map(Identity::of).next()
    };
    until("another guardian", || guardians().is_some_and(|found| found != bench.guardian));
    // It takes a moment until that one watches; killed before, it would be the runner's to notice.
    std::thread::sleep(Duration::from_secs(1));
    bench.guardian = guardians().unwrap();
    bench.kill_runner();
    bench.assert_nothing_left();
}

#[test]
fn a_run_that_ends_well_leaves_its_guardian_nothing() {
    let mut bench = Bench::start("done");
    assert!(bench.runner.wait().unwrap().success());
    bench.assert_nothing_left();
}

#[test]
fn a_guardian_is_small() {
    let mut bench = Bench::start("beat");
    let path = format!("/proc/{}/smaps_rollup", bench.guardian.pid);
    let text = fs::read_to_string(path).unwrap();
    let private = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let kilobytes = private("Private_Clean:") + private("Private_Dirty:");
    assert!(kilobytes < 5_000, "{kilobytes} kB");
    bench.kill_runner();
    bench.assert_nothing_left();
}

/// A journal of this very process with one file to be undone.
fn own_run(folder: &Path) -> (Journal, PathBuf) {
    let run = RunId::fresh().unwrap();
    let state = StateFolder::at(&folder.join("state")).unwrap();
    let journal = Journal::begin(&state, &run).unwrap();
    let file = OwnedFile::plan(&folder.join(format!("file-{run}")), &run).unwrap();
    journal.record(&Undo::File(file.clone())).unwrap();
    fs::write(file.path(), "x").unwrap();
    (journal, file.path().to_owned())
}

#[test]
fn a_run_that_is_dropped_is_undone_and_its_process_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, file) = own_run(folder.path());
    let guardian = Guardian::start_with(program(), journal.path()).unwrap();
    drop(guardian);
    std::thread::sleep(Duration::from_millis(300));
    assert!(file.exists(), "undone while the run may still go on");
    let path = journal.path().to_owned();
    drop(journal);
    until("an undoing", || !file.exists() && !path.exists());
}

#[test]
fn a_guardian_that_was_told_undoes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, file) = own_run(folder.path());
    let mut guardian = Guardian::start_with(program(), journal.path()).unwrap();
    assert_eq!(guardian.tend().unwrap(), Tended::Well);
    guardian.finish();
    assert!(file.exists() && journal.path().exists());
}

#[test]
fn a_program_that_is_no_guardian_is_told_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = own_run(folder.path());
    for name in ["/bin/true", "/no/such/program"] {
        let wrong = GuardianProgram { program: name.into(), ..program() };
        assert!(Guardian::start_with(wrong, journal.path()).is_err(), "{name}");
    }
}

#[test]
fn arguments_that_soak_did_not_write_are_refused() {
    for arguments in [vec![], vec!["a"], vec!["/tmp/x", "{}", "1"], vec!["/tmp/x", "{}", "1", "2"]] {
        let arguments: Vec<OsString> = arguments.into_iter().map(OsString::from).collect();
        assert_eq!(guardian::main(&arguments), 2);
    }
}
