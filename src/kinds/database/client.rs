//! A declared database as it is asked: a pool of sessions, each with one statement at a time.
//!
//! The time limit of a statement covers its wait for a session, the opening of one and the answer. A statement that
//! takes longer, or whose iteration is cut, is cancelled at the server too, and its session given up.

#[cfg(feature = "mysql")]
use super::mysql::Mysql;
use super::postgres::Postgres;
use super::prepared::PreparedStatement;
use super::session::{Outcome, Server, Session};
use super::sqlite::Sqlite;
use super::statement::{Dialect, Statement};
use crate::kinds::client::{Around, ClientError};
use crate::kinds::deadlines::Deadlines;
use crate::kinds::request::{Answer, Draft, Prepared, RequestError, Requester};
use crate::lang::call::{Arguments, Call};
use crate::lang::unit::format_duration;
use futures_util::future::LocalBoxFuture;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many sessions a database has where its declaration does not say.
pub const DEFAULT_POOL: usize = 16;
/// How long a statement may take where its declaration does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the server has to take in that a statement is cancelled.
const CANCEL_WITHIN: Duration = Duration::from_secs(2);

/// A declared database, ready to be asked.
pub struct DatabaseClient {
    pub(super) server: Box<dyn Server>,
    pub(super) timeout: Duration,
    limit: usize,
    /// A permit for each session that may be in use.
    free: Semaphore,
    idle: RefCell<Vec<Box<dyn Session>>>,
    /// Those of the statements under way.
    deadlines: Deadlines,
    /// Causes whose first message was logged.
    told: RefCell<BTreeSet<String>>,
}

/// How far a statement had come when its time was over.
#[derive(Clone, Copy)]
enum Stage {
    Waiting,
    Connecting,
    Running,
}

impl DatabaseClient {
    /// From the settings `url`, `pool`, `timeout`, `tls` and `on`. Opens nothing yet.
    pub fn new(settings: &Arguments, around: &Around) -> Result<DatabaseClient, ClientError> {
        let url = settings.text("url").unwrap_or_default();
        let timeout = settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT);
        let limit = settings.number("pool").map_or(DEFAULT_POOL, |limit| limit as usize);
        if limit == 0 || limit > Semaphore::MAX_PERMITS {
            return Err(ClientError::new("a `pool` has at least one connection"));
        }
        let server: Box<dyn Server> = match url.split_once(':').map_or("", |(scheme, _)| scheme) {
            "postgres" | "postgresql" => Box::new(Postgres::new(settings, around, timeout)?),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => Box::new(Mysql::new(settings, around, timeout)?),
            #[cfg(not(feature = "mysql"))]
            "mysql" | "mariadb" => {
                return Err(ClientError::new(
                    "this soak was built without MySQL, which its feature `mysql` brings",
                ));
            }
            "sqlite" if settings.has("tls") => {
                return Err(ClientError::new("`tls` is of no use with SQLite, which is a file"));
            }
            "sqlite" if settings.has("on") => {
                return Err(ClientError::new("`on` is of no use with SQLite, which is a file"));
            }
            "sqlite" => Box::new(Sqlite::new(url, &around.folder, timeout).map_err(ClientError::new)?),
            _ => {
                return Err(ClientError::new(
                    "the URL is of no database that soak knows: postgres, mysql, sqlite",
                ));
            }
        };
        Ok(DatabaseClient {
            server,
            timeout,
            limit,
            free: Semaphore::new(limit),
            idle: RefCell::default(),
            deadlines: Deadlines::default(),
            told: RefCell::default(),
        })
    }

    /// How statements are written for it.
    pub fn dialect(&self) -> Dialect {
        self.server.dialect()
    }

    /// Runs one statement within the time limit of the declaration.
    pub async fn ask(&self, statement: &Statement) -> Result<Outcome, RequestError> {
        self.ask_within(statement, self.timeout).await
    }

    /// Runs one statement for a load or the story.
    pub(super) async fn answer(&self, statement: &Statement) -> Result<Answer, RequestError> {
        let outcome = self.ask(statement).await?;
        let bytes = statement.sql.len() as u64 + outcome.bytes;
        Ok(Answer { rows: Some(outcome.rows), bytes, ..Answer::default() })
    }

    pub(super) async fn ask_within(
        &self,
        statement: &Statement,
        limit: Duration,
    ) -> Result<Outcome, RequestError> {
        let stage = Cell::new(Stage::Waiting);
        match self.deadlines.within(limit, self.carry_out(statement, &stage)).await {
            Some(outcome) => outcome.inspect_err(|error| self.tell_first(error)),
            None => Err(match stage.get() {
                Stage::Waiting => RequestError::Failed(format!(
                    "no connection of the pool free within {}",
                    format_duration(limit)
                )),
                Stage::Connecting => {
                    RequestError::Failed(format!("no connection within {}", format_duration(limit)))
                }
                Stage::Running => RequestError::TimedOut(limit),
            }),
        }
    }

    /// Loads count causes; what the database said is logged the first time.
    fn tell_first(&self, error: &RequestError) {
        if let RequestError::Stated { cause, .. } = error
            && self.told.borrow_mut().insert(cause.clone())
        {
            tracing::warn!("{}", error.in_full());
        }
    }

    async fn carry_out(&self, statement: &Statement, stage: &Cell<Stage>) -> Result<Outcome, RequestError> {
        // The semaphore is never closed.
        let _permit = self.free.acquire().await.map_err(|_| RequestError::Closed)?;
        let kept = self.usable();
        let session = match kept {
            Some(session) => session,
            None => {
                stage.set(Stage::Connecting);
                self.server.connect().await?
            }
        };
        stage.set(Stage::Running);
        let mut running = Running { session: Some(session) };
        let Some(session) = running.session.as_mut() else { return Err(RequestError::Closed) };
        let outcome = session.run(statement).await;
        if let Some(session) = running.session.take() {
            self.idle.borrow_mut().push(session);
        }
        outcome
    }

    /// A session that is open and not in use.
    fn usable(&self) -> Option<Box<dyn Session>> {
        loop {
            let mut session = self.idle.borrow_mut().pop()?;
            if session.is_usable() {
                return Some(session);
            }
        }
    }

    /// Closes what is open and not in use.
    pub fn close(&self) {
        self.idle.borrow_mut().clear();
    }
}

/// A session whose statement has not ended. When it is dropped so, the statement is cancelled.
struct Running {
    session: Option<Box<dyn Session>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // At the end of a run the thread has nothing to wait with any more; the limit that the session has set at the
        // server holds then.
        if let Some(session) = self.session.take()
            && tokio::runtime::Handle::try_current().is_ok()
        {
            tokio::task::spawn_local(timeout(CANCEL_WITHIN, session.cancel()));
        }
    }
}

impl Requester for DatabaseClient {
    fn request<'a>(&'a self, _user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        Box::pin(async move {
            let argument = call.arguments.value("statement");
            let argument = argument.ok_or_else(|| RequestError::Invalid("there is no statement".into()))?;
            let statement = Statement::read(argument, self.dialect());
            let statement = statement.map_err(|error| RequestError::Invalid(error.to_string()))?;
            self.answer(&statement).await
        })
    }

    fn prepare(self: Rc<Self>, draft: &Draft<'_>) -> Option<Rc<dyn Prepared>> {
        PreparedStatement::new(self, draft).map(|prepared| Rc::new(prepared) as Rc<dyn Prepared>)
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            let wanted = users.count().min(self.limit);
            let missing = wanted.saturating_sub(self.idle.borrow().len());
            let opened = futures_util::future::join_all((0..missing).map(|_| self.server.connect())).await;
            // One that cannot be opened now is told by the statement that needs it.
            self.idle.borrow_mut().extend(opened.into_iter().flatten());
        })
    }
}
