//! What lies below HTTP: bytes to the other end and back, encrypted or not.

use crate::kinds::stream::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An open stream.
pub(super) struct Transport(Stream);

impl Transport {
    /// Over an open stream.
    pub fn new(stream: Stream) -> Transport {
        Transport(stream)
    }

    /// Reads what has come, at most a buffer full; 0 at the end.
    pub fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let read = Pin::new(&mut self.0).poll_read(context, &mut buffer);
        read.map_ok(|()| buffer.filled().len())
    }

    /// Writes as much as goes.
    pub fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    /// Sends what was written and is still held back.
    pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    /// Whether nothing has come in: neither bytes nor an end. Asks the kernel only where it has told of something.
    pub fn is_quiet(&mut self) -> bool {
        self.0.read_now(&mut [0]).is_pending()
    }
}
