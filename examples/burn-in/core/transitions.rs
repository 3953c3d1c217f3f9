//! The state machine: a transition is written into its history, and then into the state.

use crate::shared::home::Home;
use crate::shared::state::Locked;
use serde::Deserialize;
use std::io;
use std::time::Duration;

const HISTORY: &str = "state_transitions.jsonl";
/// The states that there are.
const STATES: [&str; 3] = ["OPERATIONAL", "DEGRADED", "MAINTENANCE"];

/// What is asked for.
#[derive(Deserialize, Clone)]
pub struct Transition {
    next_state: String,
    reason: String,
}

/// What came of it.
pub enum Outcome {
    Done(String),
    /// Somebody else held the lock all the time.
    LockTimeout,
    NoSuchState,
}

#[derive(Clone)]
pub struct Transitions {
    home: Home,
    patience: Duration,
    torn: bool,
}

impl Transitions {
    pub fn new(home: Home, patience: Duration, torn: bool) -> Transitions {
        Transitions { home, patience, torn }
    }

    /// Writes the first state where there is none, and begins the history.
    pub async fn begin(&self) -> io::Result<()> {
        let whole = Transitions { torn: false, ..self.clone() };
        let begin = move || match Locked::take(&whole.home, whole.patience, false)? {
            Some(locked) => {
                std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(whole.home.logs().join(HISTORY))?;
                locked.write(&locked.read()?)
            }
            None => Err(io::Error::other("the lock of the state is held by another process")),
        };
        tokio::task::spawn_blocking(begin).await?
    }

    pub async fn change(&self, transition: Transition) -> io::Result<Outcome> {
        if !STATES.contains(&transition.next_state.as_str()) {
            return Ok(Outcome::NoSuchState);
        }
        let this = self.clone();
        tokio::task::spawn_blocking(move || this.change_now(&transition)).await?
    }

    fn change_now(&self, transition: &Transition) -> io::Result<Outcome> {
        let Some(locked) = Locked::take(&self.home, self.patience, self.torn)? else {
            self.home.log("core.log", "ERROR Lock timeout: the state was not changed")?;
            return Ok(Outcome::LockTimeout);
        };
        let id = super::unique_id()?;
        let mut state = locked.read()?;
        let line = serde_json::json!({
            "id": id, "from": state.state, "to": transition.next_state, "reason": transition.reason,
        });
        self.home.log(HISTORY, &line.to_string())?;
        state.state.clone_from(&transition.next_state);
        state.transition.clone_from(&id);
        locked.write(&state)?;
        Ok(Outcome::Done(id))
    }
}
