//! A connection with what has come over it and is not taken yet, and with what has yet to go: used by one at a time while
//! a protocol opens, and by conversations to their end.

use super::request::RequestError;
use super::socket::stream_error;
use super::stream::Stream;
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// More than this that nobody can take apart ends a connection.
pub const MAX_CAME: usize = 64 << 20;

/// An open connection and its two buffers.
pub struct Buffered {
    stream: Stream,
    /// What has come.
    pub came: BytesMut,
    /// What has to go with the next [`Buffered::flush`].
    pub out: BytesMut,
}

impl Buffered {
    /// Over an open connection.
    pub fn new(stream: Stream) -> Buffered {
        Buffered { stream, came: BytesMut::new(), out: BytesMut::new() }
    }

    /// Sends what has to go. Dropping the future loses nothing.
    pub async fn flush(&mut self) -> Result<(), RequestError> {
        while !self.out.is_empty() {
            self.stream.write_buf(&mut self.out).await.map_err(|error| stream_error(&error))?;
        }
        self.stream.flush().await.map_err(|error| stream_error(&error))
    }

    /// Sends what has to go and waits until more has come. Dropping the future loses nothing.
    pub async fn more(&mut self) -> Result<(), RequestError> {
        self.flush().await?;
        if self.came.len() > MAX_CAME {
            return Err(RequestError::TooLarge(MAX_CAME));
        }
        match self.stream.read_buf(&mut self.came).await {
            Ok(0) => Err(RequestError::Closed),
            Ok(_) => Ok(()),
            Err(error) => Err(stream_error(&error)),
        }
    }

    /// Sends what has to go as far as that can be done at once; for the last words of a connection that is given up.
    pub fn flush_now(&mut self) {
        self.stream.write_now(&self.out);
    }

    /// The connection and what has come over it.
    pub fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.came)
    }
}
