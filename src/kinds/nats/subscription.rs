//! A subscription with a connection of its own, which conversations are held on.

use super::opening::{hear, settled};
use super::protocol::{self, Heard};
use crate::kinds::buffered::Buffered;
use crate::kinds::request::RequestError;
use crate::kinds::talk::Channel;
use crate::lang::call::Message;
use bytes::Bytes;

/// What a connection subscribed to.
pub(super) struct Subscription {
    connection: Buffered,
    subject: String,
}

impl Subscription {
    /// Subscribes, as one of a queue group where one is named, and waits until the server has agreed.
    pub async fn open(
        mut connection: Buffered,
        subject: &str,
        queue: Option<&str>,
    ) -> Result<Subscription, RequestError> {
        let subject = protocol::subject(subject)?.to_string();
        let queue = match queue {
            Some(queue) => format!("{} ", protocol::subject(queue)?),
            None => String::new(),
        };
        connection.out.extend_from_slice(format!("SUB {subject} {queue}1\r\n").as_bytes());
        settled(&mut connection).await?;
        Ok(Subscription { connection, subject })
    }
}

impl Channel for Subscription {
    /// Publishes to the subject that is subscribed to.
    async fn send(&mut self, message: &Message) -> Result<(), RequestError> {
        if self.subject.split('.').any(|part| matches!(part, "*" | ">")) {
            let why =
                "`send` publishes to the subject of the subscription, which must have no wildcards then";
            return Err(RequestError::Invalid(why.into()));
        }
        protocol::publish(&mut self.connection.out, &self.subject, None, message.as_bytes());
        self.connection.flush().await
    }

    async fn next(&mut self) -> Result<Bytes, RequestError> {
        loop {
            match hear(&mut self.connection).await? {
                Heard::Message(message) => return Ok(message.body),
                Heard::Ping => self.connection.out.extend_from_slice(b"PONG\r\n"),
                Heard::Error(error) => return Err(protocol::named(&error)),
                Heard::Info(_) | Heard::Ok | Heard::Pong => {}
            }
        }
    }

    async fn close(&mut self) -> Result<(), RequestError> {
        self.connection.out.extend_from_slice(b"UNSUB 1\r\n");
        self.connection.flush().await
    }
}
