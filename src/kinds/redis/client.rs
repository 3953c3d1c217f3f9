//! The Redis client: commands of all users pipelined over a few connections, or a connection for each user.

use super::connection::Connection;
use super::resp::{self, Reply};
use crate::kinds::buffered::Buffered;
use crate::kinds::client::{Around, ClientError};
use crate::kinds::place::{Place, Schemes};
use crate::kinds::pool::Pool;
use crate::kinds::request::{Answer, RequestError, Requester};
use crate::kinds::socket::DEFAULT_TIMEOUT;
use crate::kinds::stream::Endpoint;
use crate::kinds::tcp::client::within;
use crate::lang::call::{Arguments, Call};
use crate::lang::value::Value;
use futures_util::future::LocalBoxFuture;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// Shared connections, where the target does not say how many.
pub(super) const CONNECTIONS: usize = 4;

const SCHEMES: Schemes = Schemes { plain: ("redis", 6379), encrypted: ("rediss", 6379) };

/// What is answered without end, or not by the rules of commands.
const NEVER: &[&str] = &["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "SYNC", "PSYNC", "QUIT"];
/// What changes the connection for all that share it, or keeps them waiting.
const OWN: &[&str] = &[
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH",
    "UNWATCH",
    "SELECT",
    "AUTH",
    "HELLO",
    "RESET",
    "CLIENT",
    "ASKING",
    "BLPOP",
    "BRPOP",
    "BLMOVE",
    "BLMPOP",
    "BRPOPLPUSH",
    "BZPOPMIN",
    "BZPOPMAX",
    "BZMPOP",
    "WAIT",
    "WAITAOF",
];

/// A declared `redis` target.
pub struct RedisClient {
    place: Place,
    endpoint: Endpoint,
    database: Option<String>,
    resp3: bool,
    timeout: Duration,
    pool: Pool<Connection>,
}

impl RedisClient {
    /// From the settings `url`, `timeout`, `connections`, `own`, `resp3` and `tls`.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<RedisClient, ClientError> {
        let place = Place::parse(settings.text("url").unwrap_or_default(), &SCHEMES)?;
        let database = place.path.trim_matches('/');
        if !database.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ClientError::new(
                "behind the host of `url` stands the number of a database, as in `/3`",
            ));
        }
        Ok(RedisClient {
            database: Some(database.to_string()).filter(|database| !database.is_empty()),
            endpoint: place.endpoint(&SCHEMES, settings, around)?,
            place,
            resp3: settings.has("resp3"),
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            pool: Pool::new(settings, CONNECTIONS),
        })
    }

    async fn open(&self) -> Result<Connection, RequestError> {
        let mut connection = Buffered::new(self.endpoint.connect(self.timeout, 0).await?);
        if self.resp3 {
            self.say(&mut connection, &["HELLO", "3"]).await?;
        }
        if let Some(password) = &self.place.password {
            let user = self.place.user.as_deref().filter(|user| !user.is_empty());
            match user {
                Some(user) => self.say(&mut connection, &["AUTH", user, password]).await?,
                None => self.say(&mut connection, &["AUTH", password]).await?,
            }
        }
        if let Some(database) = &self.database {
            self.say(&mut connection, &["SELECT", database]).await?;
        }
        Ok(Connection::new(connection))
    }

    /// A command before the connection is shared.
    async fn say(&self, connection: &mut Buffered, words: &[&str]) -> Result<(), RequestError> {
        resp::write(words, &mut connection.out);
        loop {
            match resp::take(&mut connection.came)? {
                Some((Reply::Error(error), _)) => return Err(named(&error)),
                Some((Reply::Value(_), _)) => return Ok(()),
                Some((Reply::Pushed, _)) => {}
                None => connection.more().await?,
            }
        }
    }

    async fn command(&self, user: u64, arguments: &Arguments) -> Result<Answer, RequestError> {
        let words: Vec<String> = arguments.all("command").flatten().map(Value::to_string).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.allowed(&words)?;
        let timeout = arguments.duration("timeout").unwrap_or(self.timeout);
        let deadline = tokio::time::Instant::now() + timeout;
        let timed_out = |_| RequestError::TimedOut(timeout);
        let connecting = tokio::time::timeout_at(deadline, self.pool.get(user, || self.open()));
        let connection = connecting.await.map_err(timed_out)??;
        let sent = Instant::now();
        let answered = tokio::time::timeout_at(deadline, connection.command(&words)).await;
        let Ok(answered) = answered else {
            // Of one that is shared others may have been answered meanwhile.
            if self.pool.is_own() {
                connection.close()
            } else {
                connection.silent_since(sent)
            }
            return Err(RequestError::TimedOut(timeout));
        };
        let (reply, length) = answered?;
        let asked: usize = words.iter().map(|word| word.len()).sum();
        match reply {
            Reply::Error(error) => Err(named(&error)),
            Reply::Value(value) => {
                Ok(Answer { document: Some(value), bytes: (asked + length) as u64, ..Answer::default() })
            }
            Reply::Pushed => Err(RequestError::Malformed("RESP")),
        }
    }

    fn allowed(&self, words: &[&str]) -> Result<(), RequestError> {
        let command = words.first().copied().unwrap_or_default().to_ascii_uppercase();
        if NEVER.contains(&command.as_str()) {
            return Err(RequestError::Invalid(format!("`{command}` is not answered as a command is")));
        }
        let blocks = words.iter().any(|word| word.eq_ignore_ascii_case("block"))
            && matches!(command.as_str(), "XREAD" | "XREADGROUP");
        if !self.pool.is_own() && (blocks || OWN.contains(&command.as_str())) {
            let why = format!("`{command}` concerns a whole connection: declare the target with `own`");
            return Err(RequestError::Invalid(why));
        }
        Ok(())
    }
}

/// An error of the server's by its first word, which is its name; what follows differs from one to the next.
fn named(error: &str) -> RequestError {
    RequestError::Failed(error.split_whitespace().next().unwrap_or("ERR").to_string())
}

impl Requester for RedisClient {
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        Box::pin(self.command(user, &call.arguments))
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            // What did not open in time is told by the request that needs it.
            let _ = within(self.timeout, self.pool.warm_up(users, || self.open())).await;
        })
    }

    fn release(&self, users: RangeInclusive<u64>) {
        self.pool.release(&users);
    }
}
