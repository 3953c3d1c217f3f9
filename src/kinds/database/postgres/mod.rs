//! PostgreSQL: sessions over tokio-postgres, each driven by whoever waits for its answer, without a task of its own.
//!
//! A statement is prepared once a session. Its values go as texts, of which the server makes what it needs there; the
//! answer comes in binary and is decoded only when somebody looks at it ([`decode`]).

mod decode;
mod wire;

use super::cause;
use super::session::{
    AFTER_CLIENT, Locking, MAX_ANSWER, MAX_PREPARED, Outcome, ROW_OVERHEAD, Server, Session, Watched,
};
use super::statement::{Dialect, Parameter, Statement};
use crate::kinds::client::{Around, ClientError};
use crate::kinds::host::stand::Stand;
use crate::kinds::request::{RequestError, RowSet, Rows};
use crate::kinds::tls::{self, Tls};
use crate::lang::call::Arguments;
use bytes::BytesMut;
use futures_util::TryStreamExt;
use futures_util::future::LocalBoxFuture;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::Severity;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use tokio_postgres::{CancelToken, Client, Config, Connection, NoTls, Row};
use wire::Wire;

/// A server, and how to be known there.
#[derive(Clone)]
pub struct Postgres {
    config: Config,
    tls: Option<Tls>,
    /// From where it is asked.
    stand: Stand,
    /// After which the server ends a statement by itself, should nobody be left to cancel it.
    timeout: Duration,
}

/// Why a URL cannot be used; none says what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error(
        "the URL is not one that PostgreSQL takes: write one like \"postgres://user@127.0.0.1:5432/database\""
    )]
    Unreadable,
    #[error("`tls` is of no use with `sslmode=disable` in the URL")]
    NotAsked,
    #[error("take `{parameter}` out of the URL and say `tls {word} \"file.pem\"`")]
    File { parameter: &'static str, word: &'static str },
}

/// What other clients are told in the URL, and soak by what follows `tls`.
const FILES: &[(&str, &str)] = &[("sslrootcert", "ca"), ("sslcert", "certificate"), ("sslkey", "key")];

impl Postgres {
    /// From the settings `url`, `tls` and `on`.
    pub fn new(settings: &Arguments, around: &Around, timeout: Duration) -> Result<Postgres, ClientError> {
        let (url, mode) = without_mode(settings.text("url").unwrap_or_default());
        if let Some((parameter, word)) = FILES.iter().find(|(name, _)| has_parameter(&url, name)) {
            return Err(ClientError::new(UrlError::File { parameter, word }));
        }
        let mut config: Config = url.parse().map_err(|_| ClientError::new(UrlError::Unreadable))?;
        let encrypted = match mode.as_deref() {
            None | Some("allow" | "prefer") => settings.has("tls"),
            Some("disable") if settings.has("tls") => return Err(ClientError::new(UrlError::NotAsked)),
            Some("disable") => false,
            Some("require" | "verify-ca" | "verify-full") => true,
            Some(_) => return Err(ClientError::new(UrlError::Unreadable)),
        };
        let tls =
            encrypted.then(|| Tls::read(settings, &around.folder)).transpose().map_err(ClientError::new)?;
        if config.get_hosts().is_empty() {
            config.host("localhost");
        }
        // By the time that the library talks to the server, what lies below it is encrypted already.
        config.ssl_mode(SslMode::Disable);
        // This tells soak's own connections from those of others.
        config.application_name(format!("soak {}", around.run));
        Ok(Postgres { config, tls, stand: around.stand(settings), timeout })
    }

    async fn dial(&self) -> Result<Wire, RequestError> {
        wire::dial(&self.config, self.tls.as_ref(), &self.stand).await
    }

    async fn open(&self) -> Result<PostgresSession, RequestError> {
        let wire = self.dial().await?;
        let opened = self.config.connect_raw(wire, NoTls).await;
        let (client, connection) = opened.map_err(|error| told(&error))?;
        let mut session = PostgresSession {
            server: self.clone(),
            client,
            connection,
            prepared: HashMap::new(),
            broken: false,
        };
        let limit = format!("set statement_timeout = {}", (self.timeout + AFTER_CLIENT).as_millis());
        session
            .drive(async |client, _| client.batch_execute(&limit).await.map_err(|error| told(&error)))
            .await?;
        Ok(session)
    }
}

const WATCHED: Watched = Watched {
    count: "select count(*) as n from pg_stat_activity where datname = current_database() \
            and coalesce(backend_type, 'client backend') = 'client backend' \
            and application_name is distinct from current_setting('application_name')",
    others: "select pid as n from pg_stat_activity where datname = current_database() \
             and coalesce(backend_type, 'client backend') = 'client backend' \
             and application_name is distinct from current_setting('application_name') order by random()",
    end: "select pg_terminate_backend($1) as n",
};

impl Server for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn connect(&self) -> LocalBoxFuture<'_, Result<Box<dyn Session>, RequestError>> {
        Box::pin(async { Ok(Box::new(self.open().await?) as Box<dyn Session>) })
    }

    fn watched(&self) -> Option<&'static Watched> {
        Some(&WATCHED)
    }

    fn lock(&self, table: &str) -> Result<Locking, RequestError> {
        let name = quoted(table);
        let text = name.replace('\'', "''");
        let locks = |which: &str| {
            format!("select count(*) as n from pg_locks where relation = '{text}'::regclass and {which}")
        };
        Ok(Locking {
            take: vec!["begin".into(), format!("lock table {name} in access exclusive mode")],
            waiting: Some(locks("not granted")),
            held: Some(locks("granted and pid = pg_backend_pid() and mode = 'AccessExclusiveLock'")),
            release: "rollback",
        })
    }
}

fn has_parameter(url: &str, name: &str) -> bool {
    let parameters = url.split_once('?').map_or("", |(_, query)| query).split('&');
    parameters.into_iter().any(|parameter| parameter.split('=').next() == Some(name))
}

/// A URL without its `sslmode`, and that: the library knows fewer of them than others do.
fn without_mode(url: &str) -> (String, Option<String>) {
    let Some((place, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let (modes, rest): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|parameter| parameter.starts_with("sslmode="));
    let mode = modes.last().and_then(|mode| mode.split_once('=')).map(|(_, mode)| mode.to_owned());
    let url = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
    (url, mode)
}

/// A name with its schema, quoted part by part.
fn quoted(name: &str) -> String {
    let parts: Vec<String> =
        name.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
    parts.join(".")
}

struct PostgresSession {
    server: Postgres,
    client: Client,
    connection: Connection<Wire, NoTlsStream>,
    prepared: HashMap<Rc<str>, tokio_postgres::Statement>,
    /// Nothing more can come over it.
    broken: bool,
}

impl PostgresSession {
    /// Does something with the client while moving what goes over the connection.
    async fn drive<T>(
        &mut self,
        work: impl AsyncFnOnce(
            &Client,
            &mut HashMap<Rc<str>, tokio_postgres::Statement>,
        ) -> Result<T, RequestError>,
    ) -> Result<T, RequestError> {
        let PostgresSession { client, connection, prepared, broken, .. } = self;
        let mut work = pin!(work(client, prepared));
        std::future::poll_fn(|context| {
            loop {
                if let Poll::Ready(done) = work.as_mut().poll(context) {
                    return Poll::Ready(done);
                }
                match connection.poll_message(context) {
                    // A notice; nobody asked for it.
                    Poll::Ready(Some(Ok(_))) => {}
                    Poll::Ready(Some(Err(error))) => {
                        *broken = true;
                        return Poll::Ready(Err(told(&error)));
                    }
                    Poll::Ready(None) => {
                        *broken = true;
                        return Poll::Ready(Err(cause::lost(&"the server closed it")));
                    }
                    // What came has been handed to the client, which may be done now.
                    Poll::Pending => return work.as_mut().poll(context),
                }
            }
        })
        .await
    }

    async fn ask(&mut self, statement: &Statement) -> Result<Outcome, RequestError> {
        let asked = self.drive(async |client, prepared| run(client, prepared, statement).await).await;
        if let Err(error) = &asked {
            // A statement that fails may have been prepared for a table that is no longer the same.
            self.prepared.remove(&statement.sql);
            self.broken |= matches!(error, RequestError::TooLarge(_));
        }
        asked
    }
}

async fn run(
    client: &Client,
    prepared: &mut HashMap<Rc<str>, tokio_postgres::Statement>,
    statement: &Statement,
) -> Result<Outcome, RequestError> {
    let ready = match prepared.get(&statement.sql) {
        Some(ready) => ready.clone(),
        None => {
            let ready = client.prepare(&statement.sql).await.map_err(|error| told(&error))?;
            decode::readable(&ready)?;
            if prepared.len() >= MAX_PREPARED {
                prepared.clear();
            }
            prepared.insert(Rc::clone(&statement.sql), ready.clone());
            ready
        }
    };
    if ready.params().len() != statement.parameters.len() {
        let reason = "the statement has placeholders of its own: write `{…}` where a value is to stand";
        return Err(RequestError::Invalid(reason.into()));
    }
    let answer = client.query_raw(&ready, &statement.parameters).await.map_err(|error| told(&error))?;
    let mut answer = pin!(answer);
    let mut rows = Vec::new();
    let (mut bytes, mut held) = (0, 0);
    while let Some(row) = answer.try_next().await.map_err(|error| told(&error))? {
        bytes += row.raw_size_bytes();
        held += row.raw_size_bytes() + ROW_OVERHEAD;
        if held > MAX_ANSWER {
            return Err(RequestError::TooLarge(MAX_ANSWER));
        }
        rows.push(row);
    }
    Ok(Outcome { rows: Rows::new(PostgresRows(rows)), bytes: bytes as u64 })
}

impl Session for PostgresSession {
    fn run<'a>(&'a mut self, statement: &'a Statement) -> LocalBoxFuture<'a, Result<Outcome, RequestError>> {
        Box::pin(self.ask(statement))
    }

    fn is_usable(&mut self) -> bool {
        // What came unasked is read: an end of the session that the server announced, or a closed connection.
        let mut context = Context::from_waker(Waker::noop());
        while !self.broken {
            match self.connection.poll_message(&mut context) {
                Poll::Pending => return !self.client.is_closed(),
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => self.broken = true,
            }
        }
        false
    }

    fn cancel(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        let token: CancelToken = self.client.cancel_token();
        Box::pin(async move {
            if !self.broken
                && let Ok(wire) = self.server.dial().await
            {
                // Whether it came too late is no matter: the session goes either way.
                let _ = token.cancel_query_raw(wire, NoTls).await;
            }
        })
    }
}

struct PostgresRows(Vec<Row>);

impl RowSet for PostgresRows {
    fn to_json(&self) -> serde_json::Value {
        self.0.iter().map(decode::row).collect()
    }
}

/// What the library says of a failure, by its cause.
fn told(error: &tokio_postgres::Error) -> RequestError {
    if let Some(stated) = error.as_db_error() {
        return cause::stated(stated.code().code(), &detail(stated));
    }
    if let Some(failure) = tls::named_within(error) {
        return RequestError::Tls(failure);
    }
    let mut source = StdError::source(error);
    while let Some(inner) = source {
        if let Some(inner) = inner.downcast_ref::<std::io::Error>() {
            return match inner.get_ref().and_then(|inner| inner.downcast_ref::<wire::TooLarge>()) {
                Some(_) => RequestError::TooLarge(MAX_ANSWER),
                None => cause::lost(inner),
            };
        }
        source = inner.source();
    }
    if error.is_closed() { cause::lost(error) } else { RequestError::Failed(error.to_string()) }
}

fn detail(error: &tokio_postgres::error::DbError) -> String {
    let fatal = matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    let told = [error.detail(), error.hint()].into_iter().flatten();
    let told: String = told.map(|more| format!(" ({more})")).collect();
    format!("{}{told}{}", error.message(), if fatal { ", and the connection was closed" } else { "" })
}

/// Values go as texts, whatever type the server has for them.
impl ToSql for Parameter {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Parameter::Null => return Ok(IsNull::Yes),
            Parameter::Bool(true) => out.extend_from_slice(b"true"),
            Parameter::Bool(false) => out.extend_from_slice(b"false"),
            Parameter::Whole(whole) => out.extend_from_slice(whole.to_string().as_bytes()),
            Parameter::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Parameter::Text(text) => out.extend_from_slice(text.as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}
