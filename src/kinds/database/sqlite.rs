//! SQLite: each session has a thread of its own, on which the library may block.

use super::cause;
use super::session::{Locking, MAX_ANSWER, MAX_PREPARED, Outcome, ROW_OVERHEAD, Server, Session, Watched};
use super::statement::{Dialect, Parameter, Statement};
use crate::kinds::request::{RequestError, RowSet, Rows};
use futures_util::future::LocalBoxFuture;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, InterruptHandle, ToSql, ffi};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::oneshot;

/// A statement waits for somebody else's lock for so much of its time limit, so that it can still say what it waited for.
const PATIENCE: f64 = 0.8;

/// A file.
pub struct Sqlite {
    path: PathBuf,
    patience: Duration,
}

/// Why a URL cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error(
        "a database in memory is another one for each connection: name a file, as in \"sqlite:{{scratch}}/app.db\""
    )]
    InMemory,
    #[error("the URL names no file: write one like \"sqlite:app.db\"")]
    NoFile,
}

impl Sqlite {
    /// From a URL; a relative path starts at `folder`.
    pub fn new(url: &str, folder: &Path, limit: Duration) -> Result<Sqlite, UrlError> {
        let path = url.strip_prefix("sqlite:").unwrap_or(url);
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(UrlError::NoFile),
            ":memory:" => Err(UrlError::InMemory),
            path => Ok(Sqlite { path: folder.join(path), patience: limit.mul_f64(PATIENCE) }),
        }
    }
}

impl Server for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn connect(&self) -> LocalBoxFuture<'_, Result<Box<dyn Session>, RequestError>> {
        Box::pin(async {
            let (path, patience) = (self.path.clone(), self.patience);
            let (orders, inbox) = mpsc::channel::<Job>();
            let (ready, opened) = oneshot::channel();
            let thread = std::thread::Builder::new().name("soak-sqlite".into());
            let started = thread.spawn(move || match open(&path, patience) {
                Ok(connection) => {
                    if ready.send(Ok(connection.get_interrupt_handle())).is_ok() {
                        inbox.iter().for_each(|job| job(&connection));
                    }
                }
                Err(error) => drop(ready.send(Err(told(&error)))),
            });
            started.map_err(|_| RequestError::Exhausted)?;
            let interrupt = opened.await.map_err(|_| cause::lost(&"its thread ended"))??;
            Ok(Box::new(SqliteSession { orders, interrupt: Arc::new(interrupt) }) as Box<dyn Session>)
        })
    }

    fn watched(&self) -> Option<&'static Watched> {
        None
    }

    /// SQLite locks a whole file.
    fn lock(&self, _table: &str) -> Result<Locking, RequestError> {
        Ok(Locking { take: vec!["begin exclusive".into()], waiting: None, held: None, release: "rollback" })
    }
}

fn open(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(MAX_PREPARED);
    Ok(connection)
}

type Job = Box<dyn FnOnce(&Connection) + Send>;

struct SqliteSession {
    orders: mpsc::Sender<Job>,
    interrupt: Arc<InterruptHandle>,
}

impl Session for SqliteSession {
    fn run<'a>(&'a mut self, statement: &'a Statement) -> LocalBoxFuture<'a, Result<Outcome, RequestError>> {
        Box::pin(async {
            let (sql, parameters) = (statement.sql.to_string(), statement.parameters.clone());
            let (done, waiting) = oneshot::channel();
            let job: Job = Box::new(move |connection| drop(done.send(run(connection, &sql, &parameters))));
            let gone = || cause::lost(&"its thread ended");
            self.orders.send(job).map_err(|_| gone())?;
            let (rows, bytes) = waiting.await.map_err(|_| gone())??;
            Ok(Outcome { rows: Rows::new(rows), bytes })
        })
    }

    fn is_usable(&mut self) -> bool {
        true
    }

    fn cancel(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        self.interrupt.interrupt();
        Box::pin(std::future::ready(()))
    }
}

struct SqliteRows {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

fn run(
    connection: &Connection,
    sql: &str,
    parameters: &[Parameter],
) -> Result<(SqliteRows, u64), RequestError> {
    let mut prepared = connection.prepare_cached(sql).map_err(|error| told(&error))?;
    if prepared.parameter_count() != parameters.len() {
        let reason = "the statement has placeholders of its own: write `{…}` where a value is to stand";
        return Err(RequestError::Invalid(reason.into()));
    }
    let columns: Vec<String> = prepared.column_names().map(str::to_owned).collect();
    let mut found = prepared.query(rusqlite::params_from_iter(parameters)).map_err(|error| told(&error))?;
    let mut rows = Vec::new();
    let (mut bytes, mut held) = (0, 0);
    while let Some(row) = found.next().map_err(|error| told(&error))? {
        let mut values = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            let value = row.get_ref(index).map_err(|error| told(&error))?;
            bytes += size(value);
            if held + bytes > MAX_ANSWER {
                return Err(RequestError::TooLarge(MAX_ANSWER));
            }
            values.push(Value::try_from(value).map_err(|error| RequestError::Failed(error.to_string()))?);
        }
        held += ROW_OVERHEAD;
        rows.push(values);
    }
    Ok((SqliteRows { columns, rows }, bytes as u64))
}

fn size(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => size_of::<i64>(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
    }
}

impl RowSet for SqliteRows {
    fn to_json(&self) -> serde_json::Value {
        let row = |values: &Vec<Value>| {
            let members = self.columns.iter().cloned().zip(values.iter().map(json));
            serde_json::Value::Object(members.collect())
        };
        self.rows.iter().map(row).collect()
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(whole) => (*whole).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{digits}").into()
        }
    }
}

impl ToSql for Parameter {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Parameter::Null => ToSqlOutput::from(rusqlite::types::Null),
            Parameter::Bool(truth) => ToSqlOutput::from(*truth),
            Parameter::Whole(whole) => ToSqlOutput::from(*whole),
            Parameter::Number(number) => ToSqlOutput::from(*number),
            Parameter::Text(text) => ToSqlOutput::from(text.as_str()),
        })
    }
}

/// SQLSTATEs for what SQLite says with numbers of its own.
fn state(error: &ffi::Error) -> Option<&'static str> {
    match (error.extended_code, error.code) {
        (ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY, _) => Some("23505"),
        (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, _) => Some("23503"),
        (ffi::SQLITE_CONSTRAINT_NOTNULL, _) => Some("23502"),
        (ffi::SQLITE_CONSTRAINT_CHECK, _) => Some("23514"),
        (_, ErrorCode::ConstraintViolation) => Some("23000"),
        (_, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Some("55P03"),
        (_, ErrorCode::DiskFull) => Some("53100"),
        (_, ErrorCode::OutOfMemory) => Some("53200"),
        (_, ErrorCode::ReadOnly) => Some("25006"),
        (_, ErrorCode::OperationInterrupted) => Some("57014"),
        (_, ErrorCode::CannotOpen) => Some("3D000"),
        (_, ErrorCode::SystemIoFailure) => Some("58030"),
        (_, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Some("XX001"),
        _ => None,
    }
}

fn told(error: &rusqlite::Error) -> RequestError {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let message = message.clone().unwrap_or_else(|| failure.to_string());
            // What is wrong with a statement has one number only; the message tells a name from a form.
            let state = state(failure).unwrap_or(if message.starts_with("no such table") {
                "42P01"
            } else if message.starts_with("no such column") {
                "42703"
            } else {
                "42601"
            });
            cause::stated(state, &message)
        }
        rusqlite::Error::SqlInputError { msg, .. } => {
            let state = match msg {
                msg if msg.starts_with("no such table") => "42P01",
                msg if msg.starts_with("no such column") => "42703",
                _ => "42601",
            };
            cause::stated(state, msg)
        }
        rusqlite::Error::MultipleStatement => cause::stated("42601", "more than one statement"),
        other => RequestError::Failed(other.to_string()),
    }
}
