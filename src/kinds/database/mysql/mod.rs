//! MySQL and MariaDB: sessions over mysql_async.

mod passage;

use self::passage::Passage;
use super::cause;
use super::session::{
    AFTER_CLIENT, Locking, MAX_ANSWER, MAX_PREPARED, Outcome, ROW_OVERHEAD, Server, Session, Watched,
};
use super::statement::{Dialect, Parameter, Statement};
use crate::kinds::client::{Around, ClientError};
use crate::kinds::host::stand::Stand;
use crate::kinds::request::{RequestError, RowSet, Rows};
use crate::kinds::tls::{Tls, TlsError, TlsFailure, machine_certificates, named_within};
use crate::lang::call::Arguments;
use futures_util::future::LocalBoxFuture;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::prelude::Queryable;
use mysql_async::{
    ClientIdentity, Column, Conn, DriverError, Error, IoError, Opts, OptsBuilder, Params, Row, SslOpts, Value,
};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The number of the character set that means bytes.
const BINARY: u16 = 63;

/// The connections that soak has open, by server and number: others cannot be told from them by what the server
/// shows. It is a list of facts about this process, as the kernel's table of descriptors is, and of no run.
static OWN: Mutex<BTreeSet<(String, u32)>> = Mutex::new(BTreeSet::new());

/// A server, and how to be known there.
pub struct Mysql {
    way: Way,
    timeout: Duration,
}

/// How the server is reached.
#[derive(Clone)]
struct Way {
    opts: Opts,
    /// The host from which it is asked; none where that is the machine itself.
    stand: Option<Stand>,
}

impl Way {
    async fn connect(&self) -> Result<Conn, RequestError> {
        let host = self.opts.ip_or_hostname();
        let opts = match &self.stand {
            None => self.opts.clone(),
            Some(stand) => {
                let passage = Passage::to(stand, host, self.opts.tcp_port()).await;
                let passage = passage.map_err(|error| cause::unreached(&error, host))?;
                let opts = OptsBuilder::from_opts(self.opts.clone()).socket(Some(passage.name()));
                tokio::spawn(passage.carry());
                opts.into()
            }
        };
        Conn::new(opts).await.map_err(|error| told(&error, host))
    }

    fn place(&self) -> String {
        format!("{}:{}", self.opts.ip_or_hostname(), self.opts.tcp_port())
    }
}

/// Why a URL cannot be used; it does not say what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("the URL is not one that MySQL takes: write one like \"mysql://user@127.0.0.1:3306/database\"")]
    Unreadable,
    /// Its library does not encrypt what goes over a socket that it is given.
    #[error(
        "soak cannot ask MySQL on a host over TLS yet: leave `tls` out, what goes over a link between hosts stays on this machine"
    )]
    EncryptedOnHost,
}

impl Mysql {
    /// From the settings `url` and `tls`.
    pub fn new(settings: &Arguments, around: &Around, timeout: Duration) -> Result<Mysql, ClientError> {
        let unreadable = || ClientError::new(UrlError::Unreadable);
        let rest = settings.text("url").and_then(|url| url.split_once("://")).ok_or_else(unreadable)?.1;
        let opts = Opts::from_url(&format!("mysql://{rest}")).map_err(|_| unreadable())?;
        let of_url = opts.ssl_opts().cloned();
        let encrypted = of_url.is_some() || settings.has("tls");
        let stand = around.place(settings).map(|place| place.stand());
        if encrypted && stand.is_some() {
            return Err(ClientError::new(UrlError::EncryptedOnHost));
        }
        let tls =
            encrypted.then(|| encryption(of_url.unwrap_or_default(), settings, &around.folder)).transpose();
        let opts = OptsBuilder::from_opts(opts)
            // Where the scenario says the address of a link, its traffic must not go past it.
            .prefer_socket(Some(false))
            .ssl_opts(tls.map_err(ClientError::new)?)
            .tcp_nodelay(true)
            .max_allowed_packet(Some(MAX_ANSWER))
            .stmt_cache_size(Some(MAX_PREPARED));
        Ok(Mysql { way: Way { opts: opts.into(), stand }, timeout })
    }

    async fn open(&self) -> Result<MysqlSession, RequestError> {
        let conn = self.way.connect().await?;
        let mut session =
            MysqlSession { place: self.way.place(), way: self.way.clone(), conn, broken: false };
        own().insert((session.place.clone(), session.conn.id()));
        let version: Option<String> =
            session.conn.query_first("select version()").await.map_err(|error| session.told(&error))?;
        // The server ends a statement by itself, should nobody be left to cancel it. MySQL does so for queries only.
        let limit = self.timeout + AFTER_CLIENT;
        let limit = match version.unwrap_or_default().contains("MariaDB") {
            true => format!("set session max_statement_time = {}", limit.as_secs_f64()),
            false => format!("set session max_execution_time = {}", limit.as_millis()),
        };
        session.conn.query_drop(limit).await.map_err(|error| session.told(&error))?;
        Ok(session)
    }
}

/// How the library is told of what the setting `tls` says. That is read for its errors first, which are the same for all
/// kinds then.
fn encryption(of_url: SslOpts, settings: &Arguments, folder: &Path) -> Result<SslOpts, TlsError> {
    Tls::read(settings, folder)?;
    let path = |name: &str| settings.text(name).map(|path| folder.join(path));
    let identity = path("certificate").zip(path("key"));
    let options = of_url
        .with_client_identity(
            identity.map(|(certificate, key)| ClientIdentity::new(certificate.into(), key.into())),
        )
        .with_danger_tls_hostname_override(settings.text("name").map(str::to_owned));
    if settings.has("insecure") {
        return Ok(options.with_danger_accept_invalid_certs(true));
    }
    let roots = match path("ca") {
        Some(file) => vec![file.into()],
        None => machine_certificates()?.iter().map(|one| one.to_vec().into()).collect(),
    };
    Ok(options.with_disable_built_in_roots(true).with_root_certs(roots))
}

fn own() -> std::sync::MutexGuard<'static, BTreeSet<(String, u32)>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of soak's own connections to a server, as a list in SQL that is never empty.
fn own_numbers(place: &str) -> String {
    let own = own();
    let numbers = own.iter().filter(|(at, _)| at == place).map(|(_, number)| number.to_string());
    std::iter::once("0".to_owned()).chain(numbers).collect::<Vec<_>>().join(",")
}

/// In these, a session puts the numbers of soak's own connections in place of this.
const OWN_NUMBERS: &str = "/*soak's own*/";

const WATCHED: Watched = Watched {
    count: "select count(*) as n from information_schema.processlist where db = database() and id not in (/*soak's own*/)",
    others: "select id as n from information_schema.processlist where db = database() and id not in (/*soak's own*/) \
             order by rand()",
    end: "kill ?",
};

impl Server for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn connect(&self) -> LocalBoxFuture<'_, Result<Box<dyn Session>, RequestError>> {
        Box::pin(async { Ok(Box::new(self.open().await?) as Box<dyn Session>) })
    }

    fn watched(&self) -> Option<&'static Watched> {
        Some(&WATCHED)
    }

    fn lock(&self, table: &str) -> Result<Locking, RequestError> {
        let parts: Vec<String> =
            table.split('.').map(|part| format!("`{}`", part.replace('`', "``"))).collect();
        Ok(Locking {
            take: vec![format!("lock tables {} write", parts.join("."))],
            waiting: Some(
                "select count(*) as n from information_schema.processlist where state like 'Waiting for table%lock'"
                    .into(),
            ),
            held: None,
            release: "unlock tables",
        })
    }
}

struct MysqlSession {
    place: String,
    way: Way,
    conn: Conn,
    broken: bool,
}

impl Drop for MysqlSession {
    fn drop(&mut self) {
        own().remove(&(self.place.clone(), self.conn.id()));
    }
}

impl MysqlSession {
    fn told(&self, error: &Error) -> RequestError {
        told(error, self.way.opts.ip_or_hostname())
    }

    async fn ask(&mut self, statement: &Statement) -> Result<Outcome, RequestError> {
        let asked = self.exchange(statement).await;
        match asked {
            Ok(Some(outcome)) => Ok(outcome),
            Ok(None) => {
                // The rest of the answer would have to be read before the next statement.
                self.broken = true;
                Err(RequestError::TooLarge(MAX_ANSWER))
            }
            Err(error) => {
                self.broken |= !matches!(error, Error::Server(_));
                Err(self.told(&error))
            }
        }
    }

    /// `None`: the answer is larger than soak holds.
    async fn exchange(&mut self, statement: &Statement) -> Result<Option<Outcome>, Error> {
        let sql = statement.sql.replace(OWN_NUMBERS, &own_numbers(&self.place));
        let mut rows = Vec::new();
        let (mut bytes, mut held) = (0, 0);
        let mut collect = |row: Row| {
            let size: usize = (0..row.len()).map(|index| row.as_ref(index).map_or(0, size)).sum();
            bytes += size;
            held += size + ROW_OVERHEAD;
            rows.push(row);
            held <= MAX_ANSWER
        };
        // Some statements cannot be prepared; without values nothing is lost by sending them as they are.
        if statement.parameters.is_empty() && is_plain(&sql) {
            let mut answer = self.conn.query_iter(sql).await?;
            while let Some(row) = answer.next().await? {
                if !collect(row) {
                    return Ok(None);
                }
            }
            answer.drop_result().await?;
        } else {
            let parameters = statement.parameters.iter().map(value).collect::<Vec<_>>();
            let parameters =
                if parameters.is_empty() { Params::Empty } else { Params::Positional(parameters) };
            let mut answer = self.conn.exec_iter(sql, parameters).await?;
            while let Some(row) = answer.next().await? {
                if !collect(row) {
                    return Ok(None);
                }
            }
            answer.drop_result().await?;
        }
        Ok(Some(Outcome { rows: Rows::new(MysqlRows(rows)), bytes: bytes as u64 }))
    }
}

/// Whether a statement is sent as a text: the protocol prepares only those that ask or change.
fn is_plain(sql: &str) -> bool {
    let first: String = sql.trim_start().chars().take_while(|c| c.is_ascii_alphabetic()).collect();
    !["select", "insert", "update", "delete", "replace", "with", "call"]
        .contains(&first.to_lowercase().as_str())
}

impl Session for MysqlSession {
    fn run<'a>(&'a mut self, statement: &'a Statement) -> LocalBoxFuture<'a, Result<Outcome, RequestError>> {
        Box::pin(self.ask(statement))
    }

    fn is_usable(&mut self) -> bool {
        !self.broken && !self.conn.is_disconnected()
    }

    fn cancel(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            if let Ok(mut other) = self.way.connect().await {
                // Whether it came too late is no matter: the session goes either way.
                let _ = other.query_drop(format!("kill query {}", self.conn.id())).await;
            }
        })
    }
}

fn value(parameter: &Parameter) -> Value {
    match parameter {
        Parameter::Null => Value::NULL,
        Parameter::Bool(truth) => Value::Int((*truth).into()),
        Parameter::Whole(whole) => Value::Int(*whole),
        Parameter::Number(number) => Value::Double(*number),
        Parameter::Text(text) => Value::Bytes(text.clone().into_bytes()),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::NULL => 0,
        Value::Bytes(bytes) => bytes.len(),
        _ => size_of::<u64>(),
    }
}

struct MysqlRows(Vec<Row>);

impl RowSet for MysqlRows {
    fn to_json(&self) -> serde_json::Value {
        let row = |row: &Row| {
            let cell = |index| {
                row.as_ref(index)
                    .map_or(serde_json::Value::Null, |value| json(value, &row.columns_ref()[index]))
            };
            let names = row.columns_ref().iter().enumerate();
            serde_json::Value::Object(
                names.map(|(index, column)| (column.name_str().into_owned(), cell(index))).collect(),
            )
        };
        self.0.iter().map(row).collect()
    }
}

fn json(value: &Value, column: &Column) -> serde_json::Value {
    match value {
        Value::NULL => serde_json::Value::Null,
        Value::Int(whole) => (*whole).into(),
        Value::UInt(whole) => (*whole).into(),
        Value::Float(number) => number.to_string().parse::<f64>().unwrap_or(f64::NAN).into(),
        Value::Double(number) => (*number).into(),
        Value::Bytes(bytes) => bytes_to_json(bytes, column),
        Value::Date(year, month, day, 0, 0, 0, 0) if column.column_type() == ColumnType::MYSQL_TYPE_DATE => {
            format!("{year:04}-{month:02}-{day:02}").into()
        }
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let fraction = if *micros == 0 { String::new() } else { format!(".{micros:06}") };
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}").into()
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if *negative { "-" } else { "" };
            let hours = days * 24 + u32::from(*hours);
            let fraction = if *micros == 0 { String::new() } else { format!(".{micros:06}") };
            format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}").into()
        }
    }
}

/// What came as bytes: a number in the textual protocol or of exact decimals, a document, a text, or bytes.
fn bytes_to_json(bytes: &[u8], column: &Column) -> serde_json::Value {
    use ColumnType as T;
    let text = String::from_utf8_lossy(bytes);
    match column.column_type() {
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_YEAR
        | T::MYSQL_TYPE_FLOAT
        | T::MYSQL_TYPE_DOUBLE
        | T::MYSQL_TYPE_DECIMAL
        | T::MYSQL_TYPE_NEWDECIMAL => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(whole), _) => whole.into(),
            (_, Ok(number)) => number.into(),
            _ => text.into(),
        },
        T::MYSQL_TYPE_JSON => serde_json::from_slice(bytes).unwrap_or_else(|_| text.into()),
        _ if column.character_set() == BINARY
            && column.flags().contains(ColumnFlags::BINARY_FLAG)
            && is_blob(column) =>
        {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("\\x{digits}").into()
        }
        _ => text.into(),
    }
}

fn is_blob(column: &Column) -> bool {
    use ColumnType as T;
    matches!(
        column.column_type(),
        T::MYSQL_TYPE_TINY_BLOB
            | T::MYSQL_TYPE_MEDIUM_BLOB
            | T::MYSQL_TYPE_LONG_BLOB
            | T::MYSQL_TYPE_BLOB
            | T::MYSQL_TYPE_STRING
            | T::MYSQL_TYPE_VAR_STRING
            | T::MYSQL_TYPE_BIT
    )
}

/// What the library says of a failure, by its cause.
fn told(error: &Error, host: &str) -> RequestError {
    if let Some(failure) = named_within(error) {
        return RequestError::Tls(failure);
    }
    match error {
        Error::Driver(DriverError::NoClientSslFlagFromServer) => RequestError::Tls(TlsFailure::NotTls),
        Error::Server(stated) => cause::stated_by_mysql(stated.code, &stated.state, &stated.message),
        Error::Io(IoError::Io(error)) => match cause::unreached(error, host) {
            RequestError::Reset | RequestError::Closed => cause::lost(error),
            other => other,
        },
        Error::Driver(DriverError::ConnectionClosed) => cause::lost(&"the server closed it"),
        Error::Driver(DriverError::PacketTooLarge) => RequestError::TooLarge(MAX_ANSWER),
        Error::Driver(DriverError::StmtParamsMismatch { .. }) => RequestError::Invalid(
            "the statement has placeholders of its own: write `{…}` where a value is to stand".into(),
        ),
        other => RequestError::Failed(other.to_string()),
    }
}
