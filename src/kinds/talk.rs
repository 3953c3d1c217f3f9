//! Conversations, whatever the protocol: what each turn means on a channel that carries messages both ways.

use super::pattern::Patterns;
use super::request::{Conversation, Listening, RequestError};
use crate::lang::call::{Message, Turn};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// A protocol's open connection, as far as a conversation needs it.
pub trait Channel {
    /// Sends one message.
    fn send(&mut self, message: &Message) -> impl Future<Output = Result<(), RequestError>>;

    /// A message is about to be waited for, not only listened to.
    fn expect(&mut self) -> impl Future<Output = Result<(), RequestError>> {
        std::future::ready(Ok(()))
    }

    /// The next message. Dropping the future loses none.
    fn next(&mut self) -> impl Future<Output = Result<Bytes, RequestError>>;

    /// Closes the connection as the protocol wants it closed.
    fn close(&mut self) -> impl Future<Output = Result<(), RequestError>>;
}

impl<C: Channel> Listening for C {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Bytes, RequestError>> {
        Box::pin(Channel::next(self))
    }
}

/// A conversation over a channel.
pub struct Talk<C> {
    channel: C,
    /// What one message may take.
    timeout: Duration,
    patterns: Rc<Patterns>,
    bytes: u64,
}

impl<C: Channel> Talk<C> {
    /// Begins a conversation on an open channel.
    pub fn new(channel: C, timeout: Duration, patterns: Rc<Patterns>) -> Talk<C> {
        Talk { channel, timeout, patterns, bytes: 0 }
    }

    async fn send(&mut self, message: &Message) -> Result<(), RequestError> {
        let sent = timeout(self.timeout, self.channel.send(message)).await;
        sent.unwrap_or(Err(RequestError::TimedOut(self.timeout)))?;
        self.bytes += message.as_bytes().len() as u64;
        Ok(())
    }

    async fn receive(&mut self, pattern: Option<&str>) -> Result<Bytes, RequestError> {
        let pattern = pattern.map(|pattern| self.patterns.get(pattern)).transpose()?;
        let deadline = Instant::now() + self.timeout;
        let expected = tokio::time::timeout_at(deadline, self.channel.expect()).await;
        expected.unwrap_or(Err(RequestError::TimedOut(self.timeout)))?;
        loop {
            let next = tokio::time::timeout_at(deadline, self.channel.next()).await;
            let message = next.unwrap_or(Err(RequestError::TimedOut(self.timeout)))?;
            self.bytes += message.len() as u64;
            if pattern.as_ref().is_none_or(|pattern| pattern.is_match(&message)) {
                return Ok(message);
            }
        }
    }

    async fn hold(&mut self, duration: Duration) -> Result<(), RequestError> {
        let end = Instant::now() + duration;
        loop {
            tokio::select! {
                biased;
                next = self.channel.next() => self.bytes += next?.len() as u64,
                () = sleep_until(end) => return Ok(()),
            }
        }
    }
}

impl<C: Channel> Conversation for Talk<C> {
    fn turn<'a>(&'a mut self, turn: &'a Turn) -> LocalBoxFuture<'a, Result<Option<Bytes>, RequestError>> {
        match turn {
            Turn::Send(message) => Box::pin(async { self.send(message).await.map(|()| None) }),
            Turn::Receive(pattern) => Box::pin(async { self.receive(pattern.as_deref()).await.map(Some) }),
            Turn::Hold(duration) => Box::pin(async { self.hold(*duration).await.map(|()| None) }),
        }
    }

    fn close(&mut self) -> LocalBoxFuture<'_, Result<(), RequestError>> {
        Box::pin(self.channel.close())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}
