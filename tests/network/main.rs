//! Virtual networks where it matters who makes them and how they end: as an ordinary user, on a machine that forbids it,
//! and after the run, its guardian or both are killed. What happens on a link stands in `tests/real/host.soak`.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, geteuid, setgid, setgroups, setuid};

/// How long what is killed may take to be gone.
const PATIENCE: Duration = Duration::from_secs(20);
/// Somebody without any rights.
const NOBODY: u32 = 65_534;

const SCENARIO: &str = r#"scenario "A network"
host near { address "10.31.0.1" }
host far  { address "10.31.0.2" }
link wifi { between near, far }
process server { on far;  run "sh -c 'echo $$ > {scratch}/server; exec ./role role --exact --nocapture'"; env SOAK_TEST_ROLE "listen"; ready line('^listening') }
process client { on near; run "./role role --exact --nocapture"; env SOAK_TEST_ROLE "connect"; start later }
"#;

/// Not a test of its own: what stands on the hosts, where one of them starts this program again.
#[test]
fn role() {
    match std::env::var("SOAK_TEST_ROLE").as_deref() {
        Ok("listen") => {
            // A port that outside takes a root.
            let listener = TcpListener::bind("far:80").unwrap();
            println!("\nlistening");
            listener.incoming().for_each(|connection| drop(connection.unwrap().write_all(b"reached")));
        }
        Ok("connect") => {
            let mut said = String::new();
            TcpStream::connect("far:80").unwrap().read_to_string(&mut said).unwrap();
            println!("\n{said} as {}", nix::unistd::getuid());
            std::thread::sleep(PATIENCE);
        }
        _ => {}
    }
}

/// A folder that everybody may write into.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// The program, where somebody without rights finds it too.
fn program(folder: &Path) -> PathBuf {
    let copy = folder.join("soak");
    fs::copy(env!("CARGO_BIN_EXE_soak"), &copy).unwrap();
    copy
}

fn soak(folder: &Path, story: &str) -> Command {
    fs::write(folder.join("case.soak"), format!("{SCENARIO}{story}\n")).unwrap();
    fs::copy(std::env::current_exe().unwrap(), folder.join("role")).unwrap();
    let mut command = Command::new(program(folder));
    command.args(["run", "case.soak", "--out", "out", "--keep"]).current_dir(folder);
    command.env("XDG_STATE_HOME", folder.join("state")).env("TMPDIR", folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Takes all rights from what is started.
fn without_rights(command: &mut Command) {
    if geteuid().is_root() {
        // SAFETY: these are plain system calls, and nothing is allocated between fork and exec.
        unsafe {
            command.pre_exec(|| {
                setgroups(&[])?;
                setgid(Gid::from_raw(NOBODY))?;
                setuid(Uid::from_raw(NOBODY))?;
                Ok(())
            });
        }
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn an_ordinary_user_has_networks_too() {
    let folder = folder();
    let story = r#"
        client start
        expect "Reached": lines(client.log, '^reached as [1-9]') == 1 within 10s
        phase "Off" 700ms { wifi off }
        phase "Slow" 700ms { wifi degrade latency 30ms loss 20% }
        expect "Swallowed": wifi.dropped >= 0"#;
    let mut command = soak(folder.path(), story);
    without_rights(&mut command);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

/// Runs the scenario inside a user namespace of its own, after this has been done there.
fn inside(folder: &Path, first: &str) -> Output {
    let mut command = soak(folder, "wait 10s");
    let program = command.get_program().to_owned();
    let arguments: Vec<_> = command.get_args().map(|one| one.to_str().unwrap().to_owned()).collect();
    let line = format!("{first} {} {}", program.to_str().unwrap(), arguments.join(" "));
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "sh", "-c", &line]).current_dir(folder);
    unshare.env("XDG_STATE_HOME", folder.join("state")).env("TMPDIR", folder);
    drop(std::mem::replace(&mut command, unshare));
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_machine_that_forbids_it_is_told_of_with_the_remedy() {
    const NONE: &str = "echo 0 > /proc/sys/user/max_user_namespaces;";
    // Without the rights of a root there is no other way than a user namespace.
    const POWERLESS: &str = "exec setpriv --inh-caps=-all --bounding-set=-all";
    let cases = [
        (format!("{NONE} {POWERLESS}"), "user.max_user_namespaces"),
        ("echo 0 > /proc/sys/user/max_net_namespaces; exec".to_owned(), "user.max_net_namespaces"),
    ];
    for (first, remedy) in cases {
        let folder = folder();
        let output = inside(folder.path(), &first);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(remedy) && said.contains("case.soak:2:"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        let started = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        assert_eq!(started.filter(|path| path.join("server").exists()).count(), 0, "nothing was started");
    }
}

/// A run that stands.
struct Standing {
    folder: tempfile::TempDir,
    run: Child,
    /// The network of the server's host.
    network: String,
}

impl Standing {
    fn new() -> Standing {
        let folder = folder();
        let run = soak(folder.path(), "wifi degrade latency 5ms\nwait 10m")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = None;
        until("a server", || {
            server = server_in(folder.path());
            server.is_some()
        });
        let network = network_of(server.unwrap()).unwrap();
        assert_ne!(network, network_of(std::process::id()).unwrap());
        Standing { folder, run, network }
    }

    fn guardian(&self) -> Pid {
        let found = processes().into_iter().find(|pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line);
            line.starts_with("soak\0guardian\0") && line.contains(&self.folder.path().display().to_string())
        });
        Pid::from_raw(found.expect("the run has a guardian") as i32)
    }

    fn kill_run(&mut self) {
        self.run.kill().unwrap();
        self.run.wait().unwrap();
    }

    /// Nobody is in the network any more, and nobody holds it.
    fn is_gone(&self) {
        let network = &self.network;
        until("a network that is gone", || processes().iter().all(|pid| !holds(*pid, network)));
    }
}

fn server_in(folder: &Path) -> Option<u32> {
    let scratch = fs::read_dir(folder).ok()?.flatten().find(|entry| entry.path().join("server").exists())?;
    fs::read_to_string(scratch.path().join("server")).ok()?.trim().parse().ok()
}

fn processes() -> BTreeSet<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn network_of(pid: u32) -> Option<String> {
    Some(fs::read_link(format!("/proc/{pid}/ns/net")).ok()?.display().to_string())
}

fn holds(pid: u32, network: &str) -> bool {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let mut open = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    network_of(pid).as_deref() == Some(network) || open.any(|link| link.display().to_string() == network)
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "no {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_killed_run_leaves_no_network() {
    let mut standing = Standing::new();
    standing.kill_run();
    standing.is_gone();
}

#[test]
fn a_run_that_is_killed_behind_its_guardian_leaves_no_network() {
    let mut standing = Standing::new();
    let guardian = standing.guardian();
    // So fast that no other guardian is started.
    kill(guardian, Signal::SIGKILL).unwrap();
    standing.kill_run();
    standing.is_gone();
}

#[test]
fn a_killed_guardian_leaves_the_network_alone() {
    let mut standing = Standing::new();
    kill(standing.guardian(), Signal::SIGKILL).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(processes().iter().any(|pid| holds(*pid, &standing.network)));
    standing.kill_run();
    standing.is_gone();
}

#[test]
fn an_interrupted_run_takes_its_network_away() {
    let mut standing = Standing::new();
    kill(Pid::from_raw(standing.run.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(standing.run.wait().unwrap().code(), Some(130));
    standing.is_gone();
}
