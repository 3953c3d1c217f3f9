//! Runs that are killed in the middle of a fault, by the real program, and what is left then: by the guardian's work, or
//! by that of `soak recover` where the guardian was killed too.
#![cfg(target_os = "linux")]

#[path = "real/wire.rs"]
mod wire;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use soak::kinds::undo::ProcessTable;
use wire::Wire;

/// The size of the disk.
const DISK: u64 = 16 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// A run of a scenario in a folder of its own, with a disk in memory at `small` that nobody else sees.
struct Run {
    folder: tempfile::TempDir,
    /// The program: everything before it has become it.
    runner: Child,
}

impl Run {
    fn start(scenario: &str) -> Run {
        Run::with_descriptors(scenario, 1024)
    }

    /// One that has no more descriptors than so many.
    fn with_descriptors(scenario: &str, descriptors: u32) -> Run {
        let mut unshare = Command::new("unshare");
        unshare.arg(if geteuid().is_root() { "-m" } else { "-rm" });
        let mount =
            format!(r#"ulimit -n {descriptors} && mount -t tmpfs -o size=16m soak small && exec "$@""#);
        unshare.args(["sh", "-c", &mount, "sh", env!("CARGO_BIN_EXE_soak")]);
        Run::started_by(unshare, scenario)
    }

    /// What the command becomes is the program.
    fn started_by(mut command: Command, scenario: &str) -> Run {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("case.soak"), scenario).unwrap();
        fs::write(folder.path().join("busy.sh"), BUSY).unwrap();
        for own in ["state", "temporary", "small"] {
            fs::create_dir(folder.path().join(own)).unwrap();
        }
        command.args(["run", "case.soak", "--out", "out"]);
        let runner = in_folder(&mut command, folder.path()).spawn().unwrap();
        Run { folder, runner }
    }

    fn pid(&self) -> i32 {
        self.runner.id() as i32
    }

    /// The disk, as seen by somebody who sees what the run sees.
    fn disk(&self, seen_by: i32) -> String {
        format!("/proc/{seen_by}/root{}", self.folder.path().join("small").display())
    }

    fn guardian(&self) -> i32 {
        self.of_its_own("guardian").unwrap()
    }

    /// A child of the run that is soak itself, by what it was started as.
    fn of_its_own(&self, role: &str) -> Option<i32> {
        let table = ProcessTable::read().unwrap();
        let mut children = table.iter().filter(|entry| entry.parent == self.pid()).map(|child| child.pid);
        children.find(|child| {
            let line = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|word| word == role.as_bytes())
        })
    }

    fn kill(&mut self) {
        self.runner.kill().unwrap();
        self.runner.wait().unwrap();
    }

    /// A number that a process of the run has written down.
    fn number(&self, file: &str) -> i32 {
        let path = self.folder.path().join(file);
        let read = || fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
        until(file, || read().is_some());
        read().unwrap()
    }

    fn clean(&self) -> bool {
        let left = |name: &str| fs::read_dir(self.folder.path().join(name)).unwrap().count();
        left("temporary") == 0 && journals(&self.folder.path().join("state")) == 0
    }

    fn recover(&self) {
        self.soak(&["recover"]);
    }

    /// Has another soak do something in the same place.
    fn soak(&self, arguments: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soak"));
        assert!(in_folder(command.args(arguments), self.folder.path()).status().unwrap().success());
    }
}

fn in_folder<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("TMPDIR", folder.join("temporary"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

fn journals(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.file_type().unwrap().is_dir() { journals(&entry.path()) } else { 1 }).sum()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The share of a disk that is in use; none where the disk of the run is not to be seen there.
fn used(disk: &str) -> Option<f64> {
    let space = nix::sys::statvfs::statvfs(disk).ok()?;
    let whole = space.blocks() * space.fragment_size();
    (whole == DISK).then(|| 1.0 - space.blocks_free() as f64 / space.blocks() as f64)
}

/// A process that sees what the run sees, and outlives it.
struct Witness(Child);

impl Witness {
    fn of(run: &Run) -> Witness {
        let namespace = format!("--mount=/proc/{}/ns/mnt", run.pid());
        let mut command = Command::new("nsenter");
        if !geteuid().is_root() {
            command.args(["--preserve-credentials", &format!("--user=/proc/{}/ns/user", run.pid())]);
        }
        Witness(command.arg(namespace).args(["sleep", "100"]).stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const FILLED: &str = r#"scenario "filled"
disk data { path "small" }
permit fault on data
data fill 90% for 5m
"#;

#[test]
fn a_filled_disk_is_empty_when_the_run_is_killed_and_nobody_undoes_anything() {
    let mut run = Run::start(FILLED);
    until("a full disk", || used(&run.disk(run.pid())) > Some(0.8));
    let witness = Witness::of(&run);
    let seen = witness.0.id() as i32;
    until("a witness", || used(&run.disk(seen)) > Some(0.8));
    kill(Pid::from_raw(run.guardian()), Signal::SIGKILL).unwrap();
    run.kill();
    until("an empty disk", || used(&run.disk(seen)) == Some(0.0));
    assert_eq!(fs::read_dir(run.disk(seen)).unwrap().count(), 0);
    run.recover();
    assert!(run.clean());
}

#[test]
fn a_filled_disk_is_empty_and_the_journal_gone_after_the_guardian() {
    let mut run = Run::start(FILLED);
    until("a full disk", || used(&run.disk(run.pid())) > Some(0.8));
    let witness = Witness::of(&run);
    let seen = witness.0.id() as i32;
    until("a witness", || used(&run.disk(seen)) > Some(0.8));
    run.kill();
    until("a guardian that is done", || run.clean());
    until("an empty disk", || used(&run.disk(seen)) == Some(0.0));
}

/// A disk whose every write waits, and a process that writes.
const FAULTY: &str = r#"scenario "faulty"
disk data { path "small"; faulty }
permit fault on data
process app { run "sh -c 'echo $$ > pid; while ! test -e small/go; do sleep 0.01; done; echo $$ > small/held'" }
data fill inodes 0.01%
data slow 1h
data write "go" text ""
wait 5m
"#;

/// Where the kernel has a process wait for an answer of a file system in user space.
fn waits_for_a_disk(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default().contains("request_wait_answer")
}

fn exists(disk: &str, name: &str) -> bool {
    fs::exists(format!("{disk}/{name}")).unwrap_or(false)
}

fn crowds(disk: &str) -> Option<usize> {
    let names = fs::read_dir(disk).ok()?.filter_map(Result::ok).map(|entry| entry.file_name());
    Some(names.filter(|name| name.as_encoded_bytes().starts_with(b".soak-files-")).count())
}

#[test]
fn a_faulty_disk_and_who_waits_for_it_are_gone_when_the_run_is_killed() {
    let mut run = Run::start(FAULTY);
    let pid = run.number("pid");
    until("a process that waits", || exists(&run.disk(run.pid()), "held") && waits_for_a_disk(pid));
    assert_eq!(crowds(&run.disk(run.pid())), Some(1));
    let witness = Witness::of(&run);
    let seen = run.disk(witness.0.id() as i32);
    until("a witness", || crowds(&seen) == Some(1));
    run.kill();
    until("a guardian that is done", || run.clean());
    assert_eq!((stands(pid), crowds(&seen)), (None, Some(0)));
    // What lies below it is as it was.
    assert!(exists(&seen, "go"));
}

#[test]
fn a_faulty_disk_and_who_waits_for_it_are_gone_when_the_guardian_is_killed_too() {
    let mut run = Run::start(FAULTY);
    let pid = run.number("pid");
    until("a process that waits", || exists(&run.disk(run.pid()), "held") && waits_for_a_disk(pid));
    kill(Pid::from_raw(run.guardian()), Signal::SIGKILL).unwrap();
    run.kill();
    until("its end", || stands(pid).is_none());
    run.recover();
    assert!(run.clean());
}

const THROTTLED: &str = r#"scenario "throttled"
process app {
  run "sh busy.sh"
}
app throttle cpu 1% for 5m
"#;

/// Starts a process in a session of its own, which tells its number and is busy.
const BUSY: &str = r#"
if [ "$1" ]; then echo $$ > pid.part; mv pid.part pid; while :; do :; done; fi
setsid sh busy.sh child & wait
"#;

/// How a process stands: its letter in /proc, none where there is no such process.
fn stands(pid: i32) -> Option<char> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    line.rsplit(')').next()?.trim().chars().next().filter(|letter| *letter != 'Z')
}

/// The control group of soak's own that a process is in.
fn group_of(pid: i32) -> Option<PathBuf> {
    let mut todo = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = todo.pop() {
        let holds = |group: &Path| {
            let members = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
            members.lines().any(|member| member == pid.to_string())
        };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with("soak-") && holds(&entry.path()) {
                return Some(entry.path());
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                todo.push(entry.path());
            }
        }
    }
    None
}

/// Waits until a process is kept back: by a group, which is told, or by being stopped where none can be had.
fn throttled(pid: i32) -> Option<PathBuf> {
    let stopped = std::cell::Cell::new(0);
    until("a throttled process", || {
        stopped.set(if stands(pid) == Some('T') { stopped.get() + 1 } else { stopped.get() });
        group_of(pid).is_some() || stopped.get() > 50
    });
    group_of(pid)
}

#[test]
fn a_throttled_process_is_not_left_throttled_when_the_run_is_killed() {
    let mut run = Run::start(THROTTLED);
    let pid = run.number("pid");
    let group = throttled(pid);
    run.kill();
    until("its end", || stands(pid).is_none());
    until("a guardian that is done", || run.clean());
    assert!(group.is_none_or(|group| !group.exists()));
}

#[test]
fn a_throttled_process_is_found_by_recover_when_the_guardian_is_killed_too() {
    let mut run = Run::start(THROTTLED);
    let pid = run.number("pid");
    let group = throttled(pid);
    kill(Pid::from_raw(run.guardian()), Signal::SIGKILL).unwrap();
    run.kill();
    run.recover();
    assert_eq!(stands(pid), None);
    assert!(run.clean());
    assert!(group.is_none_or(|group| !group.exists()));
}

#[test]
fn a_process_that_soak_did_not_start_is_not_left_stopped() {
    let name = format!("busy {}", std::process::id());
    let mut busy = Command::new("sh").args(["-c", &format!("while :; do :; done # {name}")]).spawn().unwrap();
    let pid = busy.id() as i32;
    let mut run = Run::start(&format!(
        "scenario \"found\"\nprocess app {{ match '# {name}$' }}\npermit fault on app\napp throttle cpu 1% for 5m\n"
    ));
    until("a stopped process", || stands(pid) == Some('T'));
    assert_eq!(group_of(pid), None);
    run.kill();
    until("a guardian that is done", || run.clean());
    assert!(matches!(stands(pid), Some('R' | 'S')), "{:?}", stands(pid));
    busy.kill().unwrap();
    busy.wait().unwrap();
}

/// Rules, a queue at the root, and a device for what comes in.
const THIN: &str = r#"scenario "thin"
permit fault on wire
link wire { interface "wire0" }
wire degrade loss 1% bandwidth 1MB/s for 50s
"#;

/// A run whose interface has all of soak's own on it.
fn thin() -> (Wire, Run) {
    let wire = Wire::new("wire0");
    let run = Run::started_by(wire.here(env!("CARGO_BIN_EXE_soak")), THIN);
    let there = |what: &str| wire.left().iter().any(|left| left.contains(what));
    until("the queues stand", || there("htb") && there("netdev") && there(": soak"));
    (wire, run)
}

#[test]
fn an_interface_is_as_it_was_when_the_run_is_killed() {
    let (wire, mut run) = thin();
    run.kill();
    until("nothing is left", || wire.left().is_empty() && run.clean());
}

#[test]
fn an_interface_in_another_namespace_is_as_it_was_after_recover() {
    let (wire, mut run) = thin();
    kill(Pid::from_raw(run.guardian()), Signal::SIGKILL).unwrap();
    run.kill();
    assert!(!wire.left().is_empty());
    run.recover();
    assert_eq!(wire.left(), Vec::<String>::new());
    assert!(run.clean());
}

#[test]
fn what_was_put_on_an_interface_that_is_gone_is_gone() {
    let (wire, mut run) = thin();
    kill(Pid::from_raw(run.guardian()), Signal::SIGKILL).unwrap();
    run.kill();
    drop(wire);
    run.recover();
    assert!(run.clean());
}

#[test]
fn what_is_left_is_undone_by_the_next_run() {
    let mut run = Run::start(THROTTLED);
    let pid = run.number("pid");
    kill(Pid::from_raw(run.guardian()), Signal::SIGKILL).unwrap();
    run.kill();
    let next = "scenario \"next\"\nrun \"true\"\n";
    fs::write(run.folder.path().join("next.soak"), next).unwrap();
    run.soak(&["run", "next.soak", "--out", "next"]);
    assert_eq!(stands(pid), None);
    assert!(run.clean());
}

/// More conversations than a process with few descriptors may hold, with somebody who never answers.
const CARRIED: &str = r#"scenario "carried"
websocket events { url "ws://127.0.0.1:PORT/"; timeout 5m }
action watch { events connect { hold 5m } }
load watch with 300 users for 5m
"#;

#[test]
fn a_carrier_that_hears_nothing_any_more_is_gone_when_the_run_is_killed() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let scenario = CARRIED.replace("PORT", &silent.local_addr().unwrap().port().to_string());
    let mut run = Run::with_descriptors(&scenario, 256);
    until("a carrier", || run.of_its_own("carrier").is_some());
    let carrier = run.of_its_own("carrier").unwrap();
    kill(Pid::from_raw(carrier), Signal::SIGSTOP).unwrap();
    run.kill();
    until("a guardian that is done", || run.clean());
    assert_eq!(stands(carrier), None);
}
