//! The state of the system, which both programs change: a JSON file under a lock.

use super::home::Home;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// How often a lock that is taken is tried again.
const RETRY: Duration = Duration::from_millis(2);
/// The pause between the two pieces of a state that is not written at once.
const TORN: Duration = Duration::from_millis(150);
const FILE: &str = "system_state.json";

/// What the file says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    pub state: String,
    /// The transition that brought it about.
    pub transition: String,
    pub jobs_done: u64,
}

/// The state while nobody else may change it.
pub struct Locked {
    home: Home,
    torn: bool,
    _lock: Flock<File>,
}

impl Locked {
    /// Waits for the lock, for so long at most; `None` is that it was not to be had. `torn`: the state is written in
    /// pieces.
    pub fn take(home: &Home, patience: Duration, torn: bool) -> io::Result<Option<Locked>> {
        let start = Instant::now();
        let mut file = File::create(home.runtime().join("state.lock"))?;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => return Ok(Some(Locked { home: home.clone(), torn, _lock: lock })),
                Err((back, nix::errno::Errno::EWOULDBLOCK)) => file = back,
                Err((_, error)) => return Err(error.into()),
            }
            if start.elapsed() >= patience {
                return Ok(None);
            }
            thread::sleep(RETRY);
        }
    }

    /// The state; the first one where there is none yet.
    pub fn read(&self) -> io::Result<State> {
        match fs::read(self.home.runtime().join(FILE)) {
            Ok(text) => serde_json::from_slice(&text).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(State { state: "OPERATIONAL".into(), transition: "initial".into(), jobs_done: 0 })
            }
            Err(error) => Err(error),
        }
    }

    pub fn write(&self, state: &State) -> io::Result<()> {
        let text = serde_json::to_vec(state)?;
        if !self.torn {
            return Home::put(&self.home.runtime(), FILE, &text);
        }
        let path = self.home.runtime().join(FILE);
        let (first, _) = text.split_at(text.len() / 2);
        fs::write(&path, first)?;
        thread::sleep(TORN);
        fs::write(&path, &text)
    }
}
