//! Bodies on their way: where one ends, by what its head said.

use super::wire::Reading;
use crate::kinds::http::chunked::Chunked;
use crate::kinds::http::head::Framing;
use bytes::Buf;
use std::io;
use tokio::net::tcp::OwnedWriteHalf;

/// A body of which some has come.
pub(super) enum Body {
    /// So many bytes are still to come.
    Left(u64),
    Chunks(Chunked),
    UntilClose,
}

impl Body {
    pub fn new(framing: Framing) -> Body {
        match framing {
            Framing::Length(length) => Body::Left(length),
            Framing::Chunked => Body::Chunks(Chunked::new()),
            Framing::UntilClose => Body::UntilClose,
        }
    }

    pub fn has_ended(&self) -> bool {
        match self {
            Body::Left(left) => *left == 0,
            Body::Chunks(chunks) => chunks.has_ended(),
            Body::UntilClose => false,
        }
    }

    /// How many of these bytes belong to it.
    pub fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Body::Left(left) => {
                let count = (*left).min(bytes.len() as u64);
                *left -= count;
                Ok(count as usize)
            }
            Body::Chunks(chunks) => {
                chunks.decode(bytes, &mut |_| Ok(())).map_err(|_| io::ErrorKind::InvalidData.into())
            }
            Body::UntilClose => Ok(bytes.len()),
        }
    }

    /// Passes it on to its end; false where the sender ended before, which is the end of one that lasts until then.
    pub async fn pass(&mut self, from: &mut Reading, to: &mut OwnedWriteHalf) -> io::Result<bool> {
        loop {
            let count = self.take(&from.buffer)?;
            from.pass(count, to).await?;
            if self.has_ended() {
                return Ok(true);
            }
            if !from.more().await? {
                return Ok(false);
            }
        }
    }

    /// Reads it to its end and throws it away; false where the sender ended before.
    pub async fn swallow(&mut self, from: &mut Reading) -> io::Result<bool> {
        loop {
            let count = self.take(&from.buffer)?;
            from.buffer.advance(count);
            if self.has_ended() {
                return Ok(true);
            }
            if !from.more().await? {
                return Ok(false);
            }
        }
    }
}
