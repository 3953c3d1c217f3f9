//! The two programs of `examples/campus-vehicle/`, really run: the good agent loses and doubles nothing, and each
//! broken one has its bug.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Generous: a loaded machine is slow, not wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// A started program; killed when dropped.
struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    address: String,
}

impl Program {
    /// Starts an example and waits until it says where it listens.
    fn start(name: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(example(name)).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (output, kept) = (child.stdout.take().unwrap(), lines.clone());
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let mut program = Self { child, lines, address: String::new() };
        let line = eventually("where it listens", || program.line("istening on "));
        let address = line.split("istening on ").nth(1).unwrap();
        program.address = address.split(',').next().unwrap().to_owned();
        program
    }

    fn line(&self, part: &str) -> Option<String> {
        self.lines.lock().unwrap().iter().find(|line| line.contains(part)).cloned()
    }

    fn count(&self, part: &str) -> usize {
        self.lines.lock().unwrap().iter().filter(|line| line.contains(part)).count()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// SIGKILL, and gone.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code and how long it took.
    fn terminate(&mut self) -> (Option<i32>, Duration) {
        let asked = Instant::now();
        self.signal(Signal::SIGTERM);
        let code = eventually("its exit", || self.child.try_wait().unwrap()).code();
        (code, asked.elapsed())
    }

    /// Resident memory, in bytes.
    fn rss(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The examples lie beside the tests, built with them.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: cargo build --examples", path.display());
    path
}

/// Waits until `probe` has something.
fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A store and the home of an agent.
struct Site {
    home: tempfile::TempDir,
    store: Program,
}

impl Site {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("store");
        let store =
            Program::start("object-store", &["--listen", "127.0.0.1:0", "--root", root.to_str().unwrap()]);
        Self { home, store }
    }

    fn agent(&self, options: &[&str]) -> Program {
        let endpoint = format!("http://{}", self.store.address);
        let home = self.home.path().to_str().unwrap();
        let mut arguments = vec!["--endpoint", &endpoint, "--home", home, "--vehicle", "V1"];
        arguments.extend(["--listen", "127.0.0.1:0", "--scan", "200ms", "--settle", "200ms"]);
        arguments.extend(options);
        Program::start("uploader", &arguments)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.home.path().join("data").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn write_many(&self, folder: &str, count: usize, size: usize) -> Vec<String> {
        let paths: Vec<String> = (0..count).map(|n| format!("{folder}/{n}.log")).collect();
        paths.iter().for_each(|path| self.write(path, &vec![b'.'; size]));
        paths
    }

    fn json(&self, name: &str) -> Value {
        let text = fs::read(self.home.path().join(name)).unwrap();
        serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{name}: {error}: {}", String::from_utf8_lossy(&text)))
    }

    /// Waiting and being uploaded, as the queue file has it.
    fn queued(&self) -> usize {
        let queue = self.json("queue.json");
        ["pending", "uploading"].iter().map(|list| queue[list].as_array().unwrap().len()).sum()
    }

    fn object(&self, path: &str) -> PathBuf {
        self.home.path().join("store/V1").join(path)
    }

    fn missing(&self, paths: &[String]) -> usize {
        paths.iter().filter(|path| !self.object(path).exists()).count()
    }

    fn until_stored(&self, paths: &[String]) {
        eventually("the uploads", || (self.missing(paths) == 0).then_some(()));
    }

    /// How often each object was written: the renames that a watcher of the store would have seen.
    fn writes(&self) -> BTreeMap<String, usize> {
        let mut writes = BTreeMap::new();
        for line in self.store.lines.lock().unwrap().iter() {
            let words: Vec<&str> = line.split(' ').collect();
            if let ["PUT", path, "201" | "204"] = words[..] {
                *writes.entry(path.to_owned()).or_default() += 1;
            }
        }
        writes
    }

    /// Kills the agent while files are pending and, behind a store that does not answer, in flight; then starts it
    /// again beside a store that works, and waits until it has done all it is going to do.
    fn crash_mid_upload(&self, options: &[&str]) -> (Vec<String>, Program) {
        let agent = self.agent(options);
        let mut paths = self.write_many("ros/before", 10, 1_000);
        self.until_stored(&paths);
        self.store.signal(Signal::SIGSTOP);
        paths.extend(self.write_many("syslog/2026-01-01/nested", 30, 1_000));
        eventually("a full queue", || (self.queued() == 30).then_some(()));
        // Time for what is in flight to have left the agent.
        thread::sleep(Duration::from_millis(200));
        agent.kill();
        self.json("queue.json");
        self.json("registry.json");
        self.store.signal(Signal::SIGCONT);
        let agent = self.agent(options);
        let last = self.write_many("ros/after", 1, 10);
        self.until_stored(&last);
        eventually("an empty queue", || (self.queued() == 0).then_some(()));
        paths.extend(last);
        (paths, agent)
    }
}

#[test]
fn a_crash_in_mid_upload_loses_and_doubles_nothing() {
    let site = Site::new();
    let (paths, agent) = site.crash_mid_upload(&[]);
    site.until_stored(&paths);
    assert!(agent.line("was there already").is_some(), "no answer was lost, so this test shows nothing");
    let writes = site.writes();
    assert_eq!(writes.len(), paths.len());
    assert!(writes.values().all(|&times| times == 1), "{writes:?}");
}

#[test]
fn lost_on_crash_never_uploads_what_was_queued() {
    let site = Site::new();
    let (paths, _agent) = site.crash_mid_upload(&["--broken", "lost-on-crash"]);
    // What was in flight may have arrived: four of the thirty.
    assert!(site.missing(&paths) >= 20, "{} missing", site.missing(&paths));
}

#[test]
fn duplicate_writes_objects_again_after_a_crash() {
    let site = Site::new();
    let (paths, _agent) = site.crash_mid_upload(&["--broken", "duplicate"]);
    site.until_stored(&paths);
    eventually("objects written twice", || {
        (site.writes().values().filter(|&&times| times > 1).count() >= 10).then_some(())
    });
}

#[test]
fn duplicate_writes_objects_again_after_a_lost_answer() {
    for (mode, least) in [("none", 0), ("duplicate", 1)] {
        let site = Site::new();
        let agent = site.agent(&["--broken", mode, "--timeout", "300ms", "--backoff-cap", "200ms"]);
        site.store.signal(Signal::SIGSTOP);
        let paths = site.write_many("ros", 4, 1_000);
        eventually("a failed attempt", || agent.line("WARN upload failed ros/"));
        site.store.signal(Signal::SIGCONT);
        site.until_stored(&paths);
        eventually("an empty queue", || (site.queued() == 0).then_some(()));
        let doubled = site.writes().values().filter(|&&times| times > 1).count();
        assert!(if least == 0 { doubled == 0 } else { doubled >= least }, "{mode}: {doubled} written twice");
        assert_eq!(agent.count("ERROR"), 0);
    }
}

#[test]
fn only_leak_grows_with_each_upload() {
    for (mode, leaks) in [("none", false), ("leak", true)] {
        let site = Site::new();
        let agent = site.agent(&["--broken", mode]);
        site.until_stored(&site.write_many("ros/warm", 50, 30_000));
        let before = agent.rss();
        site.until_stored(&site.write_many("ros/work", 200, 30_000));
        eventually("an empty queue", || (site.queued() == 0).then_some(()));
        let grown = agent.rss().saturating_sub(before);
        assert_eq!(grown > 40_000_000, leaks, "{mode}: grew by {grown}");
        assert_eq!(grown > 5_000_000, leaks, "{mode}: grew by {grown}");
    }
}

#[test]
fn the_documents_are_whole_at_every_moment() {
    let site = Site::new();
    let mut agent = Some(site.agent(&[]));
    let paths = site.write_many("terminal", 300, 20_000);
    for round in 0u64.. {
        let end = Instant::now() + Duration::from_millis(40 + 7 * (round % 5));
        while Instant::now() < end {
            assert!(site.json("queue.json")["pending"].is_array());
            assert!(site.json("registry.json")["uploaded"].is_array());
        }
        if site.missing(&paths) == 0 && site.queued() == 0 {
            break;
        }
        assert!(round < 100, "{} still missing", site.missing(&paths));
        agent.take().unwrap().kill();
        site.json("queue.json");
        site.json("registry.json");
        agent = Some(site.agent(&[]));
    }
    assert_eq!(site.writes().len(), 300);
    assert!(site.writes().values().all(|&times| times == 1));
}

#[test]
fn sigterm_saves_the_queue_and_exits_0() {
    let site = Site::new();
    let mut agent = site.agent(&[]);
    site.until_stored(&site.write_many("ros", 5, 100));
    site.store.signal(Signal::SIGSTOP);
    let paths = site.write_many("ros2", 20, 100);
    eventually("a full queue", || (site.queued() == 20).then_some(()));
    let (code, took) = agent.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "it took {took:?}");
    assert_eq!(site.queued(), 20);
    site.store.signal(Signal::SIGCONT);
    let _agent = site.agent(&[]);
    site.until_stored(&paths);
}

#[test]
fn emergency_cleanup_deletes_uploaded_files_only_oldest_first() {
    let site = Site::new();
    let agent = site.agent(&["--capacity", "1MB", "--timeout", "300ms", "--backoff-cap", "200ms"]);
    let oldest = site.write_many("ros/a", 4, 100_000);
    site.until_stored(&oldest);
    thread::sleep(Duration::from_millis(20));
    let newer = site.write_many("ros/b", 4, 100_000);
    site.until_stored(&newer);
    assert_eq!(agent.count("emergency cleanup"), 0);
    site.store.signal(Signal::SIGSTOP);
    let unsent = site.write_many("ros/c", 4, 100_000);
    eventually("the cleanup", || agent.line("emergency cleanup"));
    let there = |paths: &[String]| {
        paths.iter().filter(|path| site.home.path().join("data").join(path).exists()).count()
    };
    // 1.2 MB of files; below 800 kB means that seven are left.
    eventually("seven files", || {
        (there(&oldest) == 0 && there(&newer) == 3 && there(&unsent) == 4).then_some(())
    });
    site.store.signal(Signal::SIGCONT);
    site.until_stored(&[oldest, newer, unsent].concat());
    eventually("a registry without what is gone", || {
        (site.json("registry.json")["uploaded"].as_array().unwrap().len() == 7).then_some(())
    });
}

#[test]
fn a_file_is_taken_when_it_is_whole() {
    let site = Site::new();
    let agent = site.agent(&[]);
    let folder = site.home.path().join("data/terminal/deep/er");
    fs::create_dir_all(&folder).unwrap();
    let mut file = fs::File::create(folder.join("slow one.log")).unwrap();
    for _ in 0..20 {
        file.write_all(&[b'x'; 100]).unwrap();
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(agent.count("upload ok"), 0);
    drop(file);
    // Written under a name that is never taken, then moved into place.
    fs::write(folder.join("moved.log.tmp"), b"moved").unwrap();
    fs::rename(folder.join("moved.log.tmp"), folder.join("moved.log")).unwrap();
    let paths = ["slow one.log", "moved.log"].map(|name| format!("terminal/deep/er/{name}"));
    site.until_stored(&paths);
    assert_eq!(fs::metadata(site.object(&paths[0])).unwrap().len(), 2_000);
    eventually("both in the log", || (agent.count("upload ok") == 2).then_some(()));
    assert_eq!(site.writes().values().sum::<usize>(), 2);
}

#[test]
fn health_answers_with_the_length_of_the_queue() {
    let site = Site::new();
    let agent = site.agent(&[]);
    let answer = request(&agent.address, "GET", "/health", "", b"");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""pending":0"#), "{answer}");
    assert!(request(&agent.address, "GET", "/", "", b"").starts_with("HTTP/1.1 404"));
}

#[test]
fn the_store_answers_as_it_should() {
    let site = Site::new();
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        ("GET", "/health", "", "200", ""),
        ("GET", "/a/b.log", "", "404", ""),
        ("PUT", "/a/b.log", "", "201", ""),
        ("GET", "/a/b.log", "", "200", "body"),
        ("HEAD", "/a/b.log", "", "200", ""),
        ("PUT", "/a/b.log", "", "204", ""),
        ("PUT", "/a/b.log", "If-None-Match: *\r\n", "412", ""),
        ("PUT", "/a/with%20space.log", "If-None-Match: *\r\n", "201", ""),
        ("GET", "/a", "", "404", ""),
        ("POST", "/a/b.log", "", "405", ""),
        ("PUT", "/../outside", "", "400", ""),
        ("PUT", "/a/../../outside", "", "400", ""),
        ("PUT", "/a/%2e%2e/%2E%2E/outside", "", "400", ""),
        ("PUT", "/a%2f..%2f..%2foutside", "", "400", ""),
        ("GET", "//etc/passwd", "", "400", ""),
        ("PUT", "/.incoming/x", "", "400", ""),
        ("PUT", "/a/%zz", "", "400", ""),
        ("PUT", "/", "", "400", ""),
        ("DELETE", "/a/b.log", "", "204", ""),
        ("DELETE", "/a/b.log", "", "404", ""),
    ];
    for (method, path, headers, status, body) in cases {
        let sent: &[u8] = if *method == "PUT" { b"body" } else { b"" };
        let answer = request(&site.store.address, method, path, headers, sent);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path}: {answer}");
        assert!(answer.ends_with(body), "{method} {path}: {answer}");
    }
    assert!(!site.home.path().join("outside").exists());
    assert_eq!(fs::read_dir(site.home.path().join("store/.incoming")).unwrap().count(), 0);
}

#[test]
fn half_an_upload_is_no_object() {
    let site = Site::new();
    let mut stream = TcpStream::connect(&site.store.address).unwrap();
    stream.write_all(b"PUT /V1/half.log HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf").unwrap();
    let incoming: &Path = &site.home.path().join("store/.incoming");
    eventually("its arrival", || (fs::read_dir(incoming).unwrap().count() == 1).then_some(()));
    drop(stream);
    eventually("its removal", || (fs::read_dir(incoming).unwrap().count() == 0).then_some(()));
    assert!(!site.object("half.log").exists());
}

/// One HTTP exchange, the answer as text.
fn request(address: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
