//! Runs a case in a folder of its own and looks at what came of it and what is left.

#[path = "wire.rs"]
mod wire;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use serde_json::Value;
use serde_json_path::JsonPath;

use self::wire::Wire;
use crate::case::{self, Case};
use crate::ports;

/// How long what a run left gets to be gone: its guardian ends after it.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// No case takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Marks every process of a case, the program itself and its guardian included.
const MARK: &str = "SOAK_TEST_CASE";

/// Between a path into the report and a value.
const OPERATORS: [&str; 4] = [" == ", " >= ", " <= ", " contains "];

/// What a run left and said.
struct Ended {
    code: Option<i32>,
    said: String,
    report: Option<Value>,
}

/// Most of a case's time is waiting.
const AT_ONCE: usize = 4;

/// Runs the cases of all files in a folder of the project, of which there are so many at least.
pub fn run_all(folder: &str, least: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "soak"));
    files.sort();
    let only = std::env::var("SOAK_REAL").unwrap_or_default();
    let mut cases: Vec<_> = files.iter().flat_map(|path| case::cases(path)).collect();
    assert!(cases.len() >= least, "only {} cases were found", cases.len());
    cases.retain(|case| case.name.contains(&only));
    let waiting = Mutex::new(cases.iter());
    let wrong = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(case) = waiting.lock().unwrap().next() else { return };
            let began = Instant::now();
            let faults = run(case);
            eprintln!("{:>5.1} s  {}", began.elapsed().as_secs_f64(), case.name);
            if !faults.is_empty() {
                wrong.lock().unwrap().push(format!("{}\n  {}", case.name, faults.join("\n  ")));
            }
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

/// Everything that is not as the case says.
fn run(case: &Case) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let ports: Vec<(&String, u16)> = case.ports.iter().map(|name| (name, ports::free())).collect();
    let taken: Vec<TcpListener> = ports
        .iter()
        .filter(|(name, _)| case.all("taken").any(|taken| taken == *name))
        .map(|(_, port)| TcpListener::bind(("127.0.0.1", *port)).unwrap())
        .collect();
    let mark = format!("{}", folder.path().display());
    let wire = case.one("interface").map(Wire::new);
    let ended = carry_out(case, folder.path(), &ports, &mark, wire.as_ref());
    drop(taken);
    let mut wrong = Vec::new();
    outcome(case, &ended, &mut wrong);
    for path in case.all("left").filter(|path| !folder.path().join(path).exists()) {
        wrong.push(format!("`{path}` is not there"));
    }
    leftovers(folder.path(), &ports, &mark, &mut wrong);
    wrong.extend(wire.iter().flat_map(Wire::left).map(|left| format!("left: {left}")));
    if !wrong.is_empty() {
        wrong.push(format!("it said:\n{}", ended.said));
    }
    wrong
}

/// The program, which sees the disk or the interface that the case wants; nobody else does.
fn program(case: &Case, wire: Option<&Wire>) -> Command {
    let soak = env!("CARGO_BIN_EXE_soak");
    if let Some(wire) = wire {
        return wire.here(soak);
    }
    let Some((name, size)) = case.one("disk").and_then(|disk| disk.split_once(' ')) else {
        return Command::new(soak);
    };
    let mount = r#"mkdir "$1" && mount -t tmpfs -o "size=$2" soak "$1" && shift 2 && exec "$@""#;
    let mut command = Command::new("unshare");
    command.arg(if geteuid().is_root() { "-m" } else { "-rm" });
    command.args(["sh", "-c", mount, "sh", name, size, soak]);
    command
}

fn command(case: &Case, folder: &Path, ports: &[(&String, u16)], mark: &str, wire: Option<&Wire>) -> Command {
    for own in ["state", "temporary"] {
        std::fs::create_dir(folder.join(own)).unwrap();
    }
    std::fs::write(folder.join("case.soak"), &case.text).unwrap();
    for file in case.all("file") {
        let (path, content) = file.split_once(' ').unwrap_or((file, ""));
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content.replace("\\n", "\n")).unwrap();
    }
    for name in case.all("copy") {
        std::fs::copy(case.folder.join(name), folder.join(name)).unwrap();
    }
    let mut command = program(case, wire);
    command.args(["run", "case.soak", "--out", "out", "--seed", "7"]).current_dir(folder);
    command.args(case.all("arguments").flat_map(str::split_whitespace));
    for (name, port) in ports {
        command.args(["--param", &format!("{name}={port}")]);
    }
    if case.text.lines().any(|line| line.starts_with("param program ")) {
        let own = std::env::current_exe().unwrap();
        command.args(["--param", &format!("program={}", own.display())]);
    }
    if let Some(wire) = wire {
        command.args(["--param", &format!("peer={}", wire.there.display())]);
        command.env("SOAK_TEST_PEER", &wire.there);
    }
    if case.one("zero").is_some() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        command.args(["--param", &format!("zero={}", now.as_secs())]);
    }
    command.args(case.all("param").flat_map(|param| ["--param", param]));
    for variable in ["NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "COLUMNS"] {
        command.env_remove(variable);
    }
    command.env(MARK, mark).env("COLUMNS", "200");
    command.env("XDG_STATE_HOME", folder.join("state")).env("TMPDIR", folder.join("temporary"));
    command.envs(case.all("env").filter_map(|pair| pair.split_once('=')));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(count) = case.one("descriptors") {
        let count = count.parse().unwrap();
        // SAFETY: setrlimit is async-signal-safe, and nothing else happens between fork and exec.
        unsafe {
            command.pre_exec(move || Ok(setrlimit(Resource::RLIMIT_NOFILE, count, count)?));
        }
    }
    command
}

fn carry_out(case: &Case, folder: &Path, ports: &[(&String, u16)], mark: &str, wire: Option<&Wire>) -> Ended {
    let mut child = command(case, folder, ports, mark, wire).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let printed = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).unwrap();
        text
    });
    let mut said = listen(case, &mut child);
    said.push_str(&printed.join().unwrap());
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => {
                child.kill().unwrap();
                said.push_str("[it did not end]\n");
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let report = std::fs::read(folder.join("out/report.json")).ok();
    let report = report.map(|bytes| serde_json::from_slice(&bytes).unwrap());
    Ended { code: status.code(), said, report }
}

/// Reads what the program says to its end, and sends the signals that wait for a text.
fn listen(case: &Case, child: &mut Child) -> String {
    let mut signals = case.all("signal").map(|line| line.split_once(" when ").unwrap()).peekable();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some((signal, _)) = signals.next_if(|(_, text)| line.contains(text)) {
            let signal: Signal = signal.parse().unwrap();
            kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        }
        said.push_str(&line);
        said.push('\n');
    }
    said
}

fn outcome(case: &Case, ended: &Ended, wrong: &mut Vec<String>) {
    let code = case.one("exit").unwrap_or("0");
    if !code.split(" or ").any(|code| ended.code.is_some_and(|found| found.to_string() == code)) {
        wrong.push(format!("exit {:?} instead of {code}", ended.code));
    }
    for text in case.all("says").filter(|text| !ended.said.contains(*text)) {
        wrong.push(format!("nothing said of {text:?}"));
    }
    let unwanted = case.all("silent").filter_map(|rest| rest.strip_prefix("about "));
    for text in unwanted.filter(|text| ended.said.contains(*text)) {
        wrong.push(format!("it said {text:?}"));
    }
    for text in case.all("at") {
        let line = case.line_of(text).unwrap_or_else(|| panic!("{}: no line has {text:?}", case.name));
        if !ended.said.contains(&format!("case.soak:{line}:")) {
            wrong.push(format!("line {line} is not pointed at"));
        }
    }
    match &ended.report {
        None if case.one("no").is_some() => {}
        None => wrong.push("there is no report".into()),
        Some(_) if case.one("no").is_some() => wrong.push("there is a report".into()),
        Some(report) => verdicts(case, report, code, wrong),
    }
}

fn verdicts(case: &Case, report: &Value, code: &str, wrong: &mut Vec<String>) {
    let wanted = case.one("verdict").or((code == "0").then_some("pass"));
    if let Some(wanted) = wanted.filter(|wanted| report["verdict"] != **wanted) {
        wrong.push(format!("the verdict is {}, not {wanted}", report["verdict"]));
    }
    let rows = report["expectations"].as_array().unwrap();
    for (word, verdicts) in [("missed", &["fail", "warn"][..]), ("inconclusive", &["inconclusive"])] {
        let found: BTreeSet<(&str, usize)> = rows
            .iter()
            .filter(|row| verdicts.contains(&row["verdict"].as_str().unwrap()))
            .map(|row| (row["name"].as_str().unwrap(), row["line"].as_u64().unwrap() as usize))
            .collect();
        let named = case.all(word).map(|text| {
            let (name, at) = text.split_once(" @ ").unwrap_or((text, text));
            (name.trim_matches('"'), case.line_of(at).unwrap_or(0))
        });
        let named: BTreeSet<(&str, usize)> = named.collect();
        if found != named {
            wrong.push(format!("{word}: {found:?} instead of {named:?}"));
        }
    }
    for line in case.all("report") {
        // The last operator: the path may compare too.
        let places = OPERATORS.iter().filter_map(|operator| Some((line.rfind(*operator)?, *operator)));
        let (place, operator) = places.max().unwrap_or_else(|| panic!("{}: {line}", case.name));
        let (path, value) = (line[..place].trim(), line[place + operator.len()..].trim());
        let found =
            JsonPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error}")).query(report).all();
        if found.is_empty() || !found.iter().all(|node| compare(node, operator, value)) {
            wrong.push(format!("{line}: it was {}", serde_json::to_string(&found).unwrap()));
        }
    }
    for line in case.all("nodes") {
        let (path, count) = line.rsplit_once(' ').unwrap();
        let found =
            JsonPath::parse(path).unwrap_or_else(|error| panic!("{path}: {error}")).query(report).all();
        if found.len().to_string() != count {
            wrong.push(format!("{line}: it was {}", serde_json::to_string(&found).unwrap()));
        }
    }
}

fn compare(node: &Value, operator: &str, value: &str) -> bool {
    let wanted: Value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.into()));
    let numbers = node.as_f64().zip(wanted.as_f64());
    match operator {
        " >= " => numbers.is_some_and(|(node, wanted)| node >= wanted),
        " <= " => numbers.is_some_and(|(node, wanted)| node <= wanted),
        " contains " => node.to_string().contains(value),
        _ => numbers.map_or(*node == wanted, |(node, wanted)| node == wanted),
    }
}

/// What a run may not leave behind.
fn leftovers(folder: &Path, ports: &[(&String, u16)], mark: &str, wrong: &mut Vec<String>) {
    let began = Instant::now();
    loop {
        let mut left = Vec::new();
        processes(mark, &mut left);
        let open = ports.iter().filter(|(_, port)| TcpStream::connect(("127.0.0.1", *port)).is_ok());
        left.extend(open.map(|(name, port)| format!("somebody listens on {name} {port}")));
        files(&folder.join("state"), &mut left);
        let temporary = std::fs::read_dir(folder.join("temporary")).unwrap();
        left.extend(temporary.map(|entry| format!("left: {}", entry.unwrap().path().display())));
        if left.is_empty() {
            return;
        }
        if began.elapsed() > GONE_WITHIN {
            return wrong.append(&mut left);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Processes that carry the mark.
fn processes(mark: &str, left: &mut Vec<String>) {
    let entry = format!("{MARK}={mark}");
    for process in std::fs::read_dir("/proc").unwrap().map_while(Result::ok) {
        // Those that are no processes, that have ended or belong to others have none.
        let Ok(environment) = std::fs::read(process.path().join("environ")) else { continue };
        if environment.split(|&byte| byte == 0).any(|known| known == entry.as_bytes()) {
            let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            left.push(format!("process {} runs: {command}", process.file_name().display()));
        }
    }
}

/// Journals, wherever they lie in the folder of the state.
fn files(folder: &Path, left: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map_while(Result::ok) {
        match entry.file_type().unwrap().is_dir() {
            true => files(&entry.path(), left),
            false => left.push(format!("left: {}", entry.path().display())),
        }
    }
}
