//! A wrong clock: what is loaded into a process (`preload.rs`) answers in the C library's place.
//!
//! Soak and the process share a file of two numbers, so that a skew begins and ends while the process runs, and holds for each
//! of its starts and all that it starts in turn. The file and what is loaded lie in a folder of their own, which goes with the
//! clock, and not in the scratch folder, into which nobody else may look: a process that becomes another user when it starts,
//! as databases do that root starts, has to find both. What is in that folder cannot be listed, and the file's name cannot be
//! guessed.

mod program;

pub use program::{Unreachable, reachable};

use crate::kinds::undo::{Applied, OwnedFolder, ProcessTable, Recorder, RunId, Tree, Undo};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is loaded; empty where it could not be compiled for this system.
const PRELOAD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/preload.so"));
/// What the dynamic linker is told to load, ld.so(8).
const LOADS: &str = "LD_PRELOAD";
/// Where the two numbers are.
const NUMBERS: &str = "SOAK_CLOCK";
/// The name of what is loaded, in the folder.
const FILE: &str = "soak-clock.so";
/// Anybody may go through the folder to a file whose name they know.
const THROUGH: u32 = 0o711;
const LOADED_BY_ALL: u32 = 0o755;
const WRITTEN_BY_ALL: u32 = 0o666;

/// The clock of one process. Dropped, its folder is gone.
pub struct Clock {
    numbers: File,
    path: PathBuf,
    loaded: PathBuf,
    /// Kept for its end.
    _folder: Option<Applied>,
}

impl Clock {
    /// One that is right, for the process of that name, in a folder that the journal knows of.
    ///
    /// # Errors
    /// When the folder cannot be made or written to, has a name that the dynamic linker cannot read, or this system has no such
    /// clocks.
    pub fn make(run: &RunId, recorder: &Arc<dyn Recorder>, name: &str) -> io::Result<Clock> {
        let path = std::env::temp_dir().join(format!("soak-{run}-clock-{name}"));
        let folder = OwnedFolder::plan(&path, run).map_err(io::Error::other)?;
        let applied = Applied::record(recorder, Undo::Folder(folder.clone())).map_err(io::Error::other)?;
        folder.create()?;
        fs::set_permissions(&path, Permissions::from_mode(THROUGH))?;
        Ok(Clock { _folder: Some(applied), ..Clock::within(&path)? })
    }

    /// One whose files lie in a folder that is there.
    fn within(folder: &Path) -> io::Result<Clock> {
        if PRELOAD.is_empty() {
            return Err(io::Error::other("clocks can be skewed on 64-bit Linux only"));
        }
        let loaded = folder.join(FILE);
        // Blanks and colons stand between the files that are loaded.
        if loaded.to_string_lossy().contains([' ', ':']) {
            let message =
                format!("`{}` has a blank or a colon in it: set TMPDIR to another folder", folder.display());
            return Err(io::Error::other(message));
        }
        fs::write(&loaded, PRELOAD)?;
        fs::set_permissions(&loaded, Permissions::from_mode(LOADED_BY_ALL))?;
        let path = folder.join(RunId::fresh()?.as_str());
        let numbers = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        numbers.set_permissions(Permissions::from_mode(WRITTEN_BY_ALL))?;
        numbers.write_all_at(&[0; 16], 0)?;
        Ok(Clock { numbers, path, loaded, _folder: None })
    }

    /// What a process needs in its environment, beside what it has there.
    pub fn environment(&self, has: impl Fn(&str) -> Option<String>) -> [(String, String); 2] {
        let loaded = self.loaded.display();
        let loads = match has(LOADS).filter(|others| !others.is_empty()) {
            Some(others) => format!("{loaded}:{others}"),
            None => loaded.to_string(),
        };
        [(LOADS.to_owned(), loads), (NUMBERS.to_owned(), self.path.display().to_string())]
    }

    /// Puts it so many nanoseconds ahead.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn set(&self, ahead: i64) -> io::Result<()> {
        self.numbers.write_all_at(&ahead.to_ne_bytes(), 0)
    }

    /// How often it was asked while it was wrong, since the run began.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn asked(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.numbers.read_exact_at(&mut bytes, 8)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    /// How many of the processes of a tree have loaded it, and how many there are.
    ///
    /// # Errors
    /// When the list of processes cannot be read.
    pub fn reaches(&self, tree: &Tree) -> io::Result<(usize, usize)> {
        let loaded = self.loaded.to_string_lossy().into_owned();
        let members = tree.members(&ProcessTable::read()?);
        let has = |pid: i32| {
            std::fs::read_to_string(format!("/proc/{pid}/maps")).is_ok_and(|maps| maps.contains(&loaded))
        };
        Ok((members.iter().filter(|member| has(member.pid)).count(), members.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Output};

    fn run(clock: &Clock, words: &[&str]) -> Output {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).envs(clock.environment(|_| None));
        command.output().unwrap()
    }

    fn seconds(clock: &Clock) -> i64 {
        let output = run(clock, &["date", "+%s"]);
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    fn now() -> i64 {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
    }

    #[test]
    fn programs_see_the_clock_that_they_are_given() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::within(folder.path()).unwrap();
        assert!((seconds(&clock) - now()).abs() <= 1);
        assert_eq!(clock.asked().unwrap(), 0, "only while it is wrong");
        for hours in [2, -48, 24 * 365] {
            clock.set(hours * 3600 * 1_000_000_000).unwrap();
            let ahead = seconds(&clock) - now();
            assert!((ahead - hours * 3600).abs() <= 1, "{hours} h: {ahead}");
        }
        assert!(clock.asked().unwrap() >= 3);
    }

    /// Python waits for moments of the wall clock and for others, on conditions, locks and timers.
    #[test]
    fn waits_are_as_long_as_ever() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::within(folder.path()).unwrap();
        clock.set(7_200_000_000_000).unwrap();
        let program = "
import threading, time, queue, subprocess, select
began, wall = time.monotonic(), time.time()
time.sleep(0.1)
threading.Event().wait(0.1)
threading.Lock().acquire() and None
lock = threading.Lock(); lock.acquire(); lock.acquire(timeout=0.1)
try: queue.Queue().get(timeout=0.1)
except queue.Empty: pass
select.select([], [], [], 0.1)
try: subprocess.run(['sleep', '9'], timeout=0.1)
except subprocess.TimeoutExpired: pass
took, passed = time.monotonic() - began, time.time() - wall
assert 0.6 <= took < 6, took
assert abs(passed - took) < 0.1, (passed, took)
";
        let output = run(&clock, &["python3", "-c", program]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits of the C library that call others within it, each for 0.2 s.
    const WAITS: &str = r#"
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static struct timespec soon(clockid_t c) { struct timespec t; clock_gettime(c, &t); t.tv_nsec += 200000000;
  if (t.tv_nsec >= 1000000000) { t.tv_nsec -= 1000000000; t.tv_sec++; } return t; }
static void *sleeps(void *x) { sleep(9); return x; }
#define WAIT(c, what) { struct timespec t = soon(c); double b = now(); what; double d = now() - b;   if (d < 0.15 || d > 3) { printf("%s: %f\n", #what, d); wrong = 1; } }
int main(void) {
  int wrong = 0; cnd_t cnd; mtx_t mtx; pthread_t thread; sem_t sem; alarm(20);
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; pthread_cond_t cond = PTHREAD_COND_INITIALIZER, mono;
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER; pthread_condattr_t at;
  pthread_condattr_init(&at); pthread_condattr_setclock(&at, CLOCK_MONOTONIC); pthread_cond_init(&mono, &at);
  cnd_init(&cnd); mtx_init(&mtx, mtx_timed); sem_init(&sem, 0, 0); mtx_lock(&mtx); pthread_mutex_lock(&mutex);
  pthread_rwlock_wrlock(&lock); pthread_create(&thread, 0, sleeps, 0);
  WAIT(CLOCK_REALTIME, clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, 0))
  WAIT(CLOCK_MONOTONIC, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0))
  WAIT(CLOCK_REALTIME, pthread_cond_timedwait(&cond, &mutex, &t))
  WAIT(CLOCK_MONOTONIC, pthread_cond_timedwait(&mono, &mutex, &t))
  WAIT(CLOCK_REALTIME, cnd_timedwait(&cnd, &mtx, &t))
  WAIT(CLOCK_REALTIME, pthread_timedjoin_np(thread, 0, &t))
  WAIT(CLOCK_REALTIME, sem_timedwait(&sem, &t))
  pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER; pthread_mutex_lock(&held);
  WAIT(CLOCK_REALTIME, pthread_mutex_timedlock(&held, &t))
  return wrong;
}
"#;

    #[test]
    fn waits_of_the_c_library_are_as_long_as_ever() {
        let folder = tempfile::tempdir().unwrap();
        let (source, program) = (folder.path().join("waits.c"), folder.path().join("waits"));
        std::fs::write(&source, WAITS).unwrap();
        let mut cc = Command::new("cc");
        assert!(cc.arg("-pthread").arg("-o").arg(&program).arg(&source).status().unwrap().success());
        let clock = Clock::within(folder.path()).unwrap();
        for hours in [0, 2, -2] {
            clock.set(hours * 3600 * 1_000_000_000).unwrap();
            let output = run(&clock, &[&program.display().to_string()]);
            assert!(output.status.success(), "{hours} h: {}", String::from_utf8_lossy(&output.stdout));
        }
    }

    #[test]
    fn what_is_loaded_already_stays() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::within(folder.path()).unwrap();
        let [(name, loads), _] =
            clock.environment(|name| (name == LOADS).then(|| "/lib/other.so".to_owned()));
        assert_eq!(
            (name.as_str(), loads),
            (LOADS, format!("{}/{FILE}:/lib/other.so", folder.path().display()))
        );
        let blank = folder.path().join("a b");
        std::fs::create_dir(&blank).unwrap();
        assert!(Clock::within(&blank).err().unwrap().to_string().contains("TMPDIR"));
    }
}
