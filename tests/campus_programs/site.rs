//! The two programs, started and watched: what the cases of `campus_programs.rs` are written with.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Generous: a loaded machine is slow, not wrong.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A started program; killed when dropped.
pub struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    pub address: String,
}

impl Program {
    /// Starts an example and waits until it says where it listens.
    pub fn start(name: &str, arguments: &[&str]) -> Self {
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

    pub fn line(&self, part: &str) -> Option<String> {
        self.lines.lock().unwrap().iter().find(|line| line.contains(part)).cloned()
    }

    pub fn count(&self, part: &str) -> usize {
        self.lines.lock().unwrap().iter().filter(|line| line.contains(part)).count()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// SIGKILL, and gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit code and how long it took.
    pub fn terminate(&mut self) -> (Option<i32>, Duration) {
        let asked = Instant::now();
        self.signal(Signal::SIGTERM);
        let code = eventually("its exit", || self.child.try_wait().unwrap()).code();
        (code, asked.elapsed())
    }

    /// Resident memory, in bytes.
    pub fn rss(&self) -> u64 {
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
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: cargo build --examples", path.display());
    path
}

/// Waits until `probe` has something.
pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
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
pub struct Site {
    pub home: tempfile::TempDir,
    pub store: Program,
}

impl Site {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("store");
        let store =
            Program::start("object-store", &["--listen", "127.0.0.1:0", "--root", root.to_str().unwrap()]);
        Self { home, store }
    }

    pub fn agent(&self, options: &[&str]) -> Program {
        let endpoint = format!("http://{}", self.store.address);
        let home = self.home.path().to_str().unwrap();
        let mut arguments = vec!["--endpoint", &endpoint, "--home", home, "--vehicle", "V1"];
        arguments.extend(["--listen", "127.0.0.1:0", "--scan", "200ms", "--settle", "200ms"]);
        arguments.extend(options);
        Program::start("uploader", &arguments)
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.home.path().join("data").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn write_many(&self, folder: &str, count: usize, size: usize) -> Vec<String> {
        let paths: Vec<String> = (0..count).map(|n| format!("{folder}/{n}.log")).collect();
        paths.iter().for_each(|path| self.write(path, &vec![b'.'; size]));
        paths
    }

    pub fn json(&self, name: &str) -> Value {
        let text = fs::read(self.home.path().join(name)).unwrap();
        serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{name}: {error}: {}", String::from_utf8_lossy(&text)))
    }

    /// Waiting and being uploaded, as the queue file has it.
    pub fn queued(&self) -> usize {
        let queue = self.json("queue.json");
        ["pending", "uploading"].iter().map(|list| queue[list].as_array().unwrap().len()).sum()
    }

    pub fn object(&self, path: &str) -> PathBuf {
        self.home.path().join("store/V1").join(path)
    }

    pub fn missing(&self, paths: &[String]) -> usize {
        paths.iter().filter(|path| !self.object(path).exists()).count()
    }

    pub fn until_stored(&self, paths: &[String]) {
        eventually("the uploads", || (self.missing(paths) == 0).then_some(()));
    }

    /// How often each object was written: the renames that a watcher of the store would have seen.
    pub fn writes(&self) -> BTreeMap<String, usize> {
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
    pub fn crash_mid_upload(&self, options: &[&str]) -> (Vec<String>, Program) {
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

/// One HTTP exchange, the answer as text.
pub fn request(address: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> String {
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
