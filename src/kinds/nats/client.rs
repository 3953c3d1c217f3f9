//! The NATS client: messages of all users over one connection or a few, subscriptions each over its own.

use super::connection::Connection;
use super::opening::Opening;
use super::protocol;
use super::subscription::Subscription;
use crate::kinds::client::{Around, ClientError};
use crate::kinds::pattern::Patterns;
use crate::kinds::payload;
use crate::kinds::pool::Pool;
use crate::kinds::request::{Answer, Conversation, Listening, RequestError, Requester};
use crate::kinds::socket::DEFAULT_TIMEOUT;
use crate::kinds::talk::Talk;
use crate::kinds::tcp::client::within;
use crate::lang::call::{Arguments, Call};
use futures_util::future::LocalBoxFuture;
use std::cell::Cell;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

/// A declared `nats` target.
pub struct NatsClient {
    opening: Opening,
    timeout: Duration,
    pool: Pool<Connection>,
    patterns: Rc<Patterns>,
    /// In front of all inboxes of this client.
    inbox: String,
    opened: Cell<u64>,
}

impl NatsClient {
    /// From the settings `url`, `timeout`, `connections`, `own` and `tls`.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<NatsClient, ClientError> {
        Ok(NatsClient {
            opening: Opening::read(settings, around)?,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            pool: Pool::new(settings, 1),
            patterns: Rc::default(),
            inbox: format!("_INBOX.{}", around.unique()),
            opened: Cell::new(0),
        })
    }

    async fn open(&self) -> Result<Connection, RequestError> {
        let connection = self.opening.open(self.timeout).await?;
        self.opened.set(self.opened.get() + 1);
        Ok(Connection::new(connection, format!("{}.{}", self.inbox, self.opened.get())))
    }

    async fn message(&self, user: u64, call: &Call) -> Result<Answer, RequestError> {
        let subject = protocol::subject(call.arguments.text("subject").unwrap_or_default())?;
        let message = payload::message(&call.arguments)?;
        let sent = message.as_bytes();
        let connection = self.pool.get(user, || self.open()).await?;
        let body = match call.verb {
            "publish" => connection.publish(subject, sent).await.map(|()| Default::default())?,
            _ => connection.ask(subject, sent).await?,
        };
        Ok(Answer { bytes: (sent.len() + body.len()) as u64, body, ..Answer::default() })
    }

    async fn subscribe(&self, subject: &str, queue: Option<&str>) -> Result<Subscription, RequestError> {
        let connection = self.opening.open(self.timeout).await?;
        Subscription::open(connection, subject, queue).await
    }
}

impl Requester for NatsClient {
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        Box::pin(async move {
            if call.verb == "subscribe" {
                self.converse(user, call).await?.close().await?;
                return Ok(Answer::default());
            }
            let timeout = call.arguments.duration("timeout").unwrap_or(self.timeout);
            within(timeout, self.message(user, call)).await?
        })
    }

    fn converse<'a>(
        &'a self,
        _user: u64,
        call: &'a Call,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Conversation>, RequestError>> {
        Box::pin(async move {
            let subject = call.arguments.text("subject").unwrap_or_default();
            let queue = call.arguments.text("queue");
            let subscription = within(self.timeout, self.subscribe(subject, queue)).await??;
            let talk = Talk::new(subscription, self.timeout, Rc::clone(&self.patterns));
            Ok(Box::new(talk) as Box<dyn Conversation>)
        })
    }

    fn listen<'a>(&'a self, topic: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn Listening>, RequestError>> {
        Box::pin(async move {
            let subscription = within(self.timeout, self.subscribe(topic, None)).await??;
            Ok(Box::new(subscription) as Box<dyn Listening>)
        })
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
