//! The machine's processes at one moment, as `/proc/PID/stat` tells them (proc_pid_stat(5)).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};

use nix::sys::signal::Signal;

use super::identity::{self, Delivery, Identity};
use super::tree::MARK_RUN;

/// A `stat` line is some 300 bytes; a longer one is not read to its end.
const STAT_LIMIT: usize = 4096;
/// As much of an environment as is searched: more than the kernel's usual limit for one.
const ENVIRONMENT_LIMIT: u64 = 4 * 1024 * 1024;

/// One process of the table.
#[derive(Clone, Copy, Debug)]
pub struct ProcessEntry {
    pub pid: i32,
    pub parent: i32,
    pub session: i32,
    /// The kernel's letter: `R`, `S`, `D`, `T`, `t`, `Z`…
    pub state: u8,
    /// Clock ticks of processor time, its own and of the children it has waited for.
    pub ticks: u64,
    pub threads: u64,
    /// Clock ticks after boot.
    pub started: u64,
    /// Pages of memory it holds.
    pub pages: u64,
}

/// A process picked from a table; signalled only while it is still the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    pub pid: i32,
    pub started: u64,
}

impl Member {
    /// Signals this process and no later owner of its number.
    pub fn signal(self, signal: Signal) -> Delivery {
        identity::deliver(self.pid, self.started, signal)
    }

    /// The same process, named so that another process can find it.
    pub fn identity(self) -> Identity {
        Identity::from_parts(self.pid, self.started)
    }
}

impl ProcessEntry {
    /// What /proc says of this number; `None` where there is no such process.
    pub fn read(pid: i32) -> Option<ProcessEntry> {
        let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
        let mut buffer = [0_u8; STAT_LIMIT];
        let length = file.read(&mut buffer).ok()?;
        ProcessEntry::parse(&buffer[..length])
    }

    /// Ended, not yet reaped.
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }

    /// The process as a member.
    pub fn member(&self) -> Member {
        Member { pid: self.pid, started: self.started }
    }

    /// Field numbers below are those of proc_pid_stat(5). The name (field 2) may hold spaces and parentheses, so
    /// counting begins behind the last closing one.
    fn parse(line: &[u8]) -> Option<ProcessEntry> {
        let text = String::from_utf8_lossy(line);
        let pid = text.split(' ').next()?.parse().ok()?;
        let behind_name = text.rfind(')')? + 1;
        let fields: Vec<&str> = text[behind_name..].split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let count = |number: usize| field(number).and_then(|word| word.parse::<u64>().ok());
        Some(ProcessEntry {
            pid,
            state: *field(3)?.as_bytes().first()?,
            parent: field(4)?.parse().ok()?,
            session: field(6)?.parse().ok()?,
            ticks: count(14)? + count(15)? + count(16).unwrap_or(0) + count(17).unwrap_or(0),
            threads: count(20)?,
            started: count(22)?,
            pages: count(24).unwrap_or(0),
        })
    }
}

/// All processes the caller can see, by number.
#[derive(Debug, Default)]
pub struct ProcessTable {
    entries: BTreeMap<i32, ProcessEntry>,
}

impl ProcessTable {
    /// Reads the table. Processes that come or go meanwhile may or may not be in it.
    ///
    /// # Errors
    /// When /proc cannot be listed.
    pub fn read() -> io::Result<ProcessTable> {
        let mut entries = BTreeMap::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|text| text.parse::<i32>().ok()) else { continue };
            if let Some(process) = ProcessEntry::read(pid) {
                entries.insert(pid, process);
            }
        }
        Ok(ProcessTable { entries })
    }

    /// The process with this number.
    pub fn get(&self, pid: i32) -> Option<&ProcessEntry> {
        self.entries.get(&pid)
    }

    /// All of them, by number.
    pub fn iter(&self) -> impl Iterator<Item = &ProcessEntry> {
        self.entries.values()
    }
}

/// Whether every one of `wanted` (`NAME=value`) stands in the environment the process was started with. An
/// environment that may not be read holds nothing.
pub(super) fn environment_holds(pid: i32, wanted: &[String]) -> bool {
    let environment = environment_of(pid);
    !environment.is_empty()
        && wanted
            .iter()
            .all(|entry| environment.split(|byte| *byte == 0).any(|have| have == entry.as_bytes()))
}

/// Whether a process carries the mark of any run.
pub fn is_marked(pid: i32) -> bool {
    let mark = format!("{MARK_RUN}=");
    environment_of(pid).split(|byte| *byte == 0).any(|entry| entry.starts_with(mark.as_bytes()))
}

fn environment_of(pid: i32) -> Vec<u8> {
    let mut environment = Vec::new();
    let read = File::open(format!("/proc/{pid}/environ"))
        .and_then(|file| file.take(ENVIRONMENT_LIMIT).read_to_end(&mut environment));
    match read {
        Ok(_) => environment,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_parentheses_and_spaces() {
        let line =
            b"42 (a) b (c) S 7 42 41 0 -1 4194560 1 0 0 0 10 20 3 4 20 0 5 0 9000 1000 77 18446744073709551615";
        let entry = ProcessEntry::parse(line).unwrap();
        assert_eq!((entry.pid, entry.parent, entry.session, entry.state), (42, 7, 41, b'S'));
        assert_eq!((entry.ticks, entry.threads, entry.started, entry.pages), (37, 5, 9000, 77));
    }

    #[test]
    fn a_cut_line_is_no_process() {
        assert!(ProcessEntry::parse(b"42 (sh) S 7").is_none());
        assert!(ProcessEntry::parse(b"").is_none());
    }

    #[test]
    fn the_table_holds_the_caller() {
        let own = nix::unistd::getpid().as_raw();
        let table = ProcessTable::read().unwrap();
        assert_eq!(table.get(own).unwrap().started, ProcessEntry::read(own).unwrap().started);
    }
}
