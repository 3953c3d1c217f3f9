//! What soak looks at in a database, and what it does to those who use it.
//!
//! Whatever is held here (a lock, connections) is held by connections of soak's own. They end with the process,
//! however that ends, and the server then lets go of what they held: nothing has to be written down for another
//! process to undo.

use super::client::DatabaseClient;
use super::session::{Locking, Session};
use super::statement::{Parameter, Statement};
use crate::kinds::request::RequestError;
use crate::lang::unit::format_duration;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How long a look at a database may take.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// How long connections that were ended have to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(5);
/// How often is looked whether they are.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a lock may take to be granted.
const LOCKED_WITHIN: Duration = Duration::from_secs(10);
/// So many connections are opened at once.
const OPENING: usize = 16;

/// Why something cannot be done to a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisturbError {
    /// A file has no connections that could be seen.
    #[error("SQLite is a file: nobody can see or end the connections of others")]
    NoServer,
    /// The database refused.
    #[error("{0}")]
    Refused(String),
    /// Some were ended and are still there.
    #[error("{left} of {asked} connections are still there after {}", format_duration(GONE_WITHIN))]
    StillThere {
        /// How many.
        left: usize,
        /// Of how many.
        asked: usize,
    },
    /// None of the connections could be opened.
    #[error("no connection could be opened: {0}")]
    NoneOpened(String),
    /// Somebody else has the table.
    #[error(
        "the lock was not granted within {}: others use the table all the time",
        format_duration(LOCKED_WITHIN)
    )]
    NotGranted,
}

impl From<RequestError> for DisturbError {
    fn from(error: RequestError) -> DisturbError {
        DisturbError::Refused(error.in_full())
    }
}

/// How many connections were ended, of how many that there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub ended: usize,
    pub of: usize,
}

impl DatabaseClient {
    async fn look(&self, sql: &str, parameters: Vec<Parameter>) -> Result<Value, RequestError> {
        let statement = Statement { parameters, ..Statement::plain(sql) };
        Ok(self.ask_within(&statement, self.timeout.min(ANSWER_WITHIN)).await?.rows.to_json())
    }

    /// Whether it answers.
    pub async fn is_up(&self) -> bool {
        self.look("select 1 as n", Vec::new()).await.is_ok()
    }

    /// How many connections others have.
    pub async fn connections(&self) -> Result<u64, DisturbError> {
        let watched = self.server.watched().ok_or(DisturbError::NoServer)?;
        let answer = self.look(watched.count, Vec::new()).await?;
        Ok(answer[0]["n"].as_u64().unwrap_or_default())
    }

    /// The rows that a query gives.
    pub async fn rows(&self, query: &str) -> Result<Vec<Value>, RequestError> {
        match self.ask(&Statement::plain(query)).await?.rows.to_json() {
            Value::Array(rows) => Ok(rows),
            other => Ok(vec![other]),
        }
    }

    /// Ends a share of the connections that others have, at least one, and waits until they are gone.
    ///
    /// # Errors
    /// When the database does not let soak see or end them, or they do not go.
    pub async fn disconnect(&self, share: f64) -> Result<Ended, DisturbError> {
        let watched = self.server.watched().ok_or(DisturbError::NoServer)?;
        let others = numbers(&self.look(watched.others, Vec::new()).await?);
        // A share of 7% of 100 is 7, whatever the last digit of the product.
        let asked = (others.len() as f64 * share - 1e-9).ceil() as usize;
        let asked = asked.clamp(1.min(others.len()), others.len());
        for number in &others[..asked] {
            match self.look(watched.end, vec![Parameter::Whole(*number)]).await {
                Ok(_) => {}
                // It has gone by itself meanwhile.
                Err(RequestError::Stated { detail, .. }) if detail.starts_with("Unknown thread id") => {}
                Err(error) => return Err(error.into()),
            }
        }
        let since = Instant::now();
        loop {
            let there = numbers(&self.look(watched.others, Vec::new()).await?);
            let left = others[..asked].iter().filter(|number| there.contains(number)).count();
            if left == 0 {
                return Ok(Ended { ended: asked, of: others.len() });
            }
            if since.elapsed() > GONE_WITHIN {
                return Err(DisturbError::StillThere { left, asked });
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Keeps everybody else out of a table, over a connection of its own.
    ///
    /// # Errors
    /// When there is no such table, or it is not granted.
    pub async fn lock(&self, table: &str) -> Result<TableLock, DisturbError> {
        let locking = self.server.lock(table)?;
        let taken = timeout(LOCKED_WITHIN, async {
            let mut session = self.server.connect().await?;
            for sql in &locking.take {
                session.run(&Statement::plain(sql)).await?;
            }
            Ok::<_, RequestError>(session)
        });
        match taken.await {
            Ok(session) => Ok(TableLock { session: session?, locking, since: Instant::now(), waited: 0 }),
            Err(_) => Err(DisturbError::NotGranted),
        }
    }

    /// Opens connections and holds them. Fewer than asked for are enough where the database takes no more.
    ///
    /// # Errors
    /// When not even one could be opened.
    pub async fn hog(&self, connections: usize) -> Result<Hog, DisturbError> {
        if self.server.watched().is_none() {
            return Err(DisturbError::NoServer);
        }
        let mut sessions = Vec::new();
        let mut refused = None;
        while sessions.len() < connections && refused.is_none() {
            let together = OPENING.min(connections - sessions.len());
            let opened = futures_util::future::join_all((0..together).map(|_| self.server.connect())).await;
            for one in opened {
                match one {
                    Ok(session) => sessions.push(session),
                    Err(error) => refused = Some(error),
                }
            }
        }
        match refused {
            Some(error) if sessions.is_empty() => Err(DisturbError::NoneOpened(error.in_full())),
            refused => {
                Ok(Hog { asked: connections, sessions, refused: refused.map(|error| error.to_string()) })
            }
        }
    }
}

fn numbers(rows: &Value) -> Vec<i64> {
    rows.as_array().into_iter().flatten().filter_map(|row| row["n"].as_i64()).collect()
}

/// A table that is locked. When it is dropped, the connection ends and the server lets the table go.
pub struct TableLock {
    session: Box<dyn Session>,
    locking: Locking,
    since: Instant,
    /// The most that were seen to wait for it at once.
    waited: u64,
}

/// What a fault that is held has done, in words, and whether it was really there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub told: String,
    pub real: bool,
}

impl TableLock {
    /// Looks at who waits for it.
    pub async fn look(&mut self) -> Result<(), RequestError> {
        if let Some(sql) = &self.locking.waiting {
            let waiting = self.session.run(&Statement::plain(sql)).await?.rows.to_json();
            self.waited = self.waited.max(waiting[0]["n"].as_u64().unwrap_or_default());
        }
        Ok(())
    }

    /// Lets the table go; tells what the lock did.
    pub async fn release(mut self) -> Held {
        let since = self.since;
        let looked = timeout(ANSWER_WITHIN, async {
            self.look().await?;
            let held = match &self.locking.held {
                Some(sql) => self.session.run(&Statement::plain(sql)).await?.rows.to_json()[0]["n"].as_u64(),
                None => Some(1),
            };
            self.session.run(&Statement::plain(self.locking.release)).await?;
            Ok::<_, RequestError>(held)
        });
        let length = format_duration(since.elapsed());
        match looked.await {
            Ok(Ok(Some(held))) if held > 0 => {
                let waited = match self.waited {
                    _ if self.locking.waiting.is_none() => String::new(),
                    0 => ", nobody waited for it".to_owned(),
                    1 => ", 1 session waited for it".to_owned(),
                    many => format!(", {many} sessions waited for it"),
                };
                Held { told: format!("granted for {length}{waited}"), real: true }
            }
            Ok(Ok(_)) => Held { told: "the database does not know of the lock".into(), real: false },
            Ok(Err(error)) => Held { told: format!("the lock was lost: {}", error.in_full()), real: false },
            Err(_) => Held { told: "the database did not answer".into(), real: false },
        }
    }
}

/// Connections that are held. When they are dropped, they end.
pub struct Hog {
    asked: usize,
    sessions: Vec<Box<dyn Session>>,
    refused: Option<String>,
}

impl Hog {
    /// Closes them; tells how many were still there.
    pub fn release(mut self) -> Held {
        let there =
            self.sessions.iter_mut().map(|session| session.is_usable()).filter(|usable| *usable).count();
        let refused = self.refused.map(|why| format!(": {why}")).unwrap_or_default();
        Held { told: format!("{there} of {} connections held{refused}", self.asked), real: there > 0 }
    }
}
