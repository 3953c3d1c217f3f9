//! One end of a connection, read piece by piece, with what was read and not used yet.

use bytes::{Buf, BytesMut};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// So much is read at once.
const PIECE: usize = 64 << 10;

/// The reading side.
pub(super) struct Reading {
    half: OwnedReadHalf,
    pub buffer: BytesMut,
}

/// Both sides.
pub(super) fn halves(stream: TcpStream) -> (Reading, OwnedWriteHalf) {
    // The stage must not add to what it is asked for. Failing means that the end is gone, which is found below.
    let _ = stream.set_nodelay(true);
    let (half, writing) = stream.into_split();
    (Reading { half, buffer: BytesMut::new() }, writing)
}

impl Reading {
    /// Reads more; false at the end. Nothing is lost where it is given up.
    pub async fn more(&mut self) -> io::Result<bool> {
        self.buffer.reserve(PIECE);
        Ok(self.half.read_buf(&mut self.buffer).await? > 0)
    }

    /// Passes on the first bytes of what was read.
    pub async fn pass(&mut self, count: usize, to: &mut OwnedWriteHalf) -> io::Result<()> {
        to.write_all(&self.buffer[..count]).await?;
        self.buffer.advance(count);
        Ok(())
    }

    /// Passes on all that comes, until the end, and then that.
    pub async fn pass_rest(&mut self, to: &mut OwnedWriteHalf) -> io::Result<()> {
        loop {
            self.pass(self.buffer.len(), to).await?;
            if !self.more().await? {
                return to.shutdown().await;
            }
        }
    }
}

/// Makes the other end see a reset instead of an end.
pub(super) fn reset(reading: &Reading) {
    // It fails only when that end is gone already.
    let _ = reading.half.as_ref().set_zero_linger();
}
