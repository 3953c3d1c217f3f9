//! Where a process that runs already is found.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::unistd::{SysconfVar, getpid, sysconf};
use regex::Regex;
use thiserror::Error;

use crate::kinds::undo::{CONTAINER_TOOLS, Identity, ProcessEntry, ProcessTable, Service, output_of};

/// A file with a number that was written so long before the process with that number started names another one: the
/// kernel tells the time of its start to a second.
const STALE: Duration = Duration::from_secs(2);
/// So many of several processes are named.
const NAMED: usize = 5;

/// How a process is told from all others.
#[derive(Clone, Debug)]
pub enum Whereabouts {
    /// A file holds its number.
    PidFile(PathBuf),
    /// Its command line, the words joined by spaces, matches.
    Match(Regex),
    /// It is the main process of a unit of systemd.
    Unit(String),
    /// It is the main process of a container.
    Container(String),
}

/// Why it was not found.
#[derive(Debug, Error)]
pub enum LookError {
    #[error("there is no pid file `{}`: is the process running?", .path.display())]
    NoFile { path: PathBuf },
    #[error("the pid file `{}` cannot be read: {reason}", .path.display())]
    File { path: PathBuf, reason: io::Error },
    #[error("the pid file `{}` holds {text:?} and no number", .path.display())]
    NoNumber { path: PathBuf, text: String },
    #[error("the pid file `{}` names process {pid}, which does not run", .path.display())]
    NotThere { path: PathBuf, pid: i32 },
    #[error("the pid file `{}` is older than process {pid}, which it names: it was left by another one", .path.display())]
    Stale { path: PathBuf, pid: i32 },
    #[error("no process has a command line that matches `{pattern}`")]
    NoMatch { pattern: String },
    #[error("several processes match `{pattern}`: {}; write more of the command line", numbers(.pids))]
    Several { pattern: String, pids: Vec<i32> },
    #[error("soak itself, or what it was started by, is not what is meant (process {pid})")]
    Itself { pid: i32 },
    #[error("`{name}` is not running: {how}")]
    Down { name: String, how: &'static str },
    #[error("process {pid} has just ended")]
    Gone { pid: i32 },
    #[error("{0}")]
    Tool(String),
    #[error("the processes of this machine cannot be listed: {0}")]
    Table(io::Error),
}

fn numbers(pids: &[i32]) -> String {
    let mut words: Vec<String> = pids.iter().take(NAMED).map(ToString::to_string).collect();
    if pids.len() > NAMED {
        words.push("…".into());
    }
    words.join(", ")
}

impl Whereabouts {
    /// The supervisor that can be told to start and stop it, where there is one.
    ///
    /// # Errors
    /// When that cannot be asked, or does not know it.
    pub fn service(&self) -> Result<Option<Service>, LookError> {
        match self {
            Whereabouts::PidFile(_) | Whereabouts::Match(_) => Ok(None),
            Whereabouts::Unit(name) => {
                let loaded = |user| {
                    let service = Service::Unit { name: name.clone(), user };
                    service.property("LoadState").map(|state| (state == "loaded").then_some(service))
                };
                // A user's own units are asked after where the machine has none of that name.
                let found = loaded(false).map_err(LookError::Tool)?;
                let found = found.or_else(|| loaded(true).ok().flatten());
                let missing = || LookError::Tool(format!("systemd knows no unit `{name}`"));
                found.map(Some).ok_or_else(missing)
            }
            Whereabouts::Container(name) => {
                let tool = CONTAINER_TOOLS.into_iter().find(|tool| output_of(&[tool, "--version"]).is_ok());
                let missing =
                    || LookError::Tool(format!("neither `{}` is installed", CONTAINER_TOOLS.join("` nor `")));
                let tool = tool.ok_or_else(missing)?.to_owned();
                Ok(Some(Service::Container { name: name.clone(), tool }))
            }
        }
    }

    /// Looks for the process. `service` is what [`Whereabouts::service`] gave. It waits for the tools it asks.
    ///
    /// # Errors
    /// Why it was not found.
    pub fn look(&self, service: Option<&Service>) -> Result<Identity, LookError> {
        let pid = match (self, service) {
            (Whereabouts::PidFile(path), _) => in_file(path)?,
            (Whereabouts::Match(pattern), _) => matching(pattern)?,
            (_, Some(service)) => main_process(service)?,
            (Whereabouts::Unit(name) | Whereabouts::Container(name), None) => {
                return Err(LookError::Down { name: name.clone(), how: "nobody supervises it" });
            }
        };
        if own_line(&ProcessTable::read().map_err(LookError::Table)?).contains(&pid) {
            return Err(LookError::Itself { pid });
        }
        Identity::of(pid).filter(Identity::lives).ok_or(LookError::Gone { pid })
    }
}

/// This process and all it descends from.
fn own_line(table: &ProcessTable) -> BTreeSet<i32> {
    let mut line = BTreeSet::new();
    let mut pid = getpid().as_raw();
    // The first process of all may well be what is meant, in a container.
    while pid > 1 && line.insert(pid) {
        pid = table.get(pid).map_or(0, |entry| entry.parent);
    }
    line
}

fn in_file(path: &PathBuf) -> Result<i32, LookError> {
    let text = fs::read_to_string(path).map_err(|reason| match reason.kind() {
        io::ErrorKind::NotFound => LookError::NoFile { path: path.clone() },
        _ => LookError::File { path: path.clone(), reason },
    })?;
    // PostgreSQL writes more lines below it.
    let first = text.lines().next().unwrap_or_default().trim();
    let pid: i32 = first
        .parse()
        .ok()
        .filter(|pid| *pid > 0)
        .ok_or_else(|| LookError::NoNumber { path: path.clone(), text: first.chars().take(40).collect() })?;
    let entry = ProcessEntry::read(pid).filter(|entry| !entry.is_zombie());
    let entry = entry.ok_or_else(|| LookError::NotThere { path: path.clone(), pid })?;
    let written = fs::metadata(path).and_then(|found| found.modified()).ok();
    match written.zip(started_at(entry.started)) {
        Some((written, started)) if written + STALE < started => {
            Err(LookError::Stale { path: path.clone(), pid })
        }
        _ => Ok(pid),
    }
}

/// When a process started, by the ticks after boot of its entry (proc_stat(5), `btime`).
fn started_at(ticks: u64) -> Option<SystemTime> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let boot: u64 = text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    let a_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().filter(|ticks| *ticks > 0)?;
    Some(UNIX_EPOCH + Duration::from_secs(boot) + Duration::from_secs_f64(ticks as f64 / a_second as f64))
}

/// The process whose command line matches. Of one and those it started, which often look the same, it is the first.
fn matching(pattern: &Regex) -> Result<i32, LookError> {
    let table = ProcessTable::read().map_err(LookError::Table)?;
    let own = own_line(&table);
    let program = fs::read_link("/proc/self/exe").ok();
    let is_soak = |pid: i32| program.is_some() && fs::read_link(format!("/proc/{pid}/exe")).ok() == program;
    let matches: BTreeSet<i32> = table
        .iter()
        .filter(|entry| !own.contains(&entry.pid) && !entry.is_zombie())
        .filter(|entry| command_line(entry.pid).is_some_and(|line| pattern.is_match(&line)))
        .filter(|entry| !is_soak(entry.pid))
        .map(|entry| entry.pid)
        .collect();
    let parent = |pid: i32| table.get(pid).map(|entry| entry.parent);
    let first = |pid: &i32| {
        let mut above = parent(*pid);
        while let Some(pid) = above.filter(|pid| *pid > 0) {
            if matches.contains(&pid) {
                return false;
            }
            above = parent(pid);
        }
        true
    };
    let firsts: Vec<i32> = matches.iter().copied().filter(first).collect();
    match firsts[..] {
        [pid] => Ok(pid),
        [] => Err(LookError::NoMatch { pattern: pattern.to_string() }),
        _ => Err(LookError::Several { pattern: pattern.to_string(), pids: firsts }),
    }
}

/// The words of a process's command, joined by spaces; none of the kernel's own.
fn command_line(pid: i32) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> =
        bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let line = words.join(" ");
    Some(line.trim_end().to_owned()).filter(|line| !line.is_empty())
}

/// The process that a supervisor names; 0 is none.
fn main_process(service: &Service) -> Result<i32, LookError> {
    let told = match service {
        Service::Unit { .. } => service.property("MainPID"),
        Service::Container { name, tool } => output_of(&[tool, "inspect", "--format={{.State.Pid}}", name]),
    };
    let told = told.map_err(LookError::Tool)?;
    let pid: i32 = told.trim().parse().unwrap_or(0);
    let how = match service {
        Service::Unit { .. } => "its unit has no main process",
        Service::Container { .. } => "its container is stopped",
    };
    if pid > 0 { Ok(pid) } else { Err(LookError::Down { name: service.name().to_owned(), how }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    fn sleeper(seconds: &str) -> Child {
        Command::new("sleep").arg(seconds).stdin(Stdio::null()).spawn().unwrap()
    }

    fn end(mut child: Child) {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn one_process_is_found_by_its_command_and_of_several_none() {
        let unique = format!("9{}", getpid());
        let look = || Whereabouts::Match(Regex::new(&format!("^sleep {unique}$")).unwrap()).look(None);
        assert!(matches!(look(), Err(LookError::NoMatch { .. })));
        let one = sleeper(&unique);
        assert_eq!(look().unwrap().pid, one.id() as i32);
        let other = sleeper(&unique);
        assert!(matches!(look(), Err(LookError::Several { pids, .. }) if pids.len() == 2));
        end(one);
        end(other);
    }

    #[test]
    fn a_pid_file_is_believed_as_far_as_it_can_be_right() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("pid");
        let look = || Whereabouts::PidFile(path.clone()).look(None);
        assert!(matches!(look(), Err(LookError::NoFile { .. })));
        fs::write(&path, "soon").unwrap();
        assert!(matches!(look(), Err(LookError::NoNumber { .. })));
        fs::write(&path, format!("{}\n", getpid())).unwrap();
        assert!(matches!(look(), Err(LookError::Itself { .. })));
        let child = sleeper("1000");
        fs::write(&path, format!("{}\n/var/lib\n", child.id())).unwrap();
        assert_eq!(look().unwrap().pid, child.id() as i32);
        let old = SystemTime::now() - Duration::from_secs(60);
        fs::File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
        assert!(matches!(look(), Err(LookError::Stale { .. })));
        let pid = child.id();
        end(child);
        fs::write(&path, pid.to_string()).unwrap();
        assert!(matches!(look(), Err(LookError::NotThere { .. })));
    }
}
