//! A call of streams that is talked over: JSON on this side.

use super::frames::Frames;
use super::{message, status};
use crate::kinds::request::RequestError;
use crate::kinds::talk::Channel;
use crate::lang::call::Message;
use bytes::Bytes;
use prost_reflect::MethodDescriptor;
use std::time::Duration;

/// An open call and its method.
pub(super) struct Stream {
    frames: Frames,
    method: MethodDescriptor,
    sent: bool,
    /// How long the other end may take to end it.
    timeout: Duration,
}

impl Stream {
    pub fn new(frames: Frames, method: MethodDescriptor, timeout: Duration) -> Stream {
        Stream { frames, method, sent: false, timeout }
    }

    /// A method that takes one message gets an empty one where nothing was sent.
    async fn send_what_is_missing(&mut self) -> Result<(), RequestError> {
        if self.sent || self.method.is_client_streaming() {
            return Ok(());
        }
        self.send(&Message::Text("{}".into())).await
    }

    /// Passes over what comes until the call has ended.
    async fn end(&mut self) -> Result<(), RequestError> {
        while self.frames.next().await?.is_some() {}
        match self.frames.status().is_some_and(status::is_ok) {
            true => Ok(()),
            false => Err(self.frames.ended()),
        }
    }
}

impl Channel for Stream {
    async fn send(&mut self, message: &Message) -> Result<(), RequestError> {
        let json = match message {
            Message::Text(text) => serde_json::from_str(text).ok(),
            Message::Binary(_) => None,
        };
        let json = json.ok_or_else(|| RequestError::Invalid("a message of gRPC is sent as `json`".into()))?;
        let encoded = message::encode(self.method.input(), json)?;
        self.sent = true;
        self.frames.send(encoded).await?;
        if !self.method.is_client_streaming() {
            self.frames.finish();
        }
        Ok(())
    }

    /// A method that does not stream its answer gives it when it has everything.
    async fn expect(&mut self) -> Result<(), RequestError> {
        self.send_what_is_missing().await?;
        if !self.method.is_server_streaming() {
            self.frames.finish();
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Bytes, RequestError> {
        match self.frames.next().await? {
            Some(message) => {
                let json = message::json(self.method.output(), &message)?;
                Ok(json.to_string().into())
            }
            None => Err(self.frames.ended()),
        }
    }

    /// Where soak may end it, it waits for the status, which must be OK; a stream of the other end's own is cancelled.
    async fn close(&mut self) -> Result<(), RequestError> {
        self.send_what_is_missing().await?;
        self.frames.finish();
        let only_server = self.method.is_server_streaming() && !self.method.is_client_streaming();
        if only_server && self.frames.status().is_none() {
            return Ok(());
        }
        let ended = tokio::time::timeout(self.timeout, self.end()).await;
        ended.unwrap_or(Err(RequestError::TimedOut(self.timeout)))
    }
}
