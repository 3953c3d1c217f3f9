//! What a connection's data are read from and written to.

use std::io;
use std::os::fd::AsRawFd;
use std::task::{Context, Poll};

use nix::sys::socket::{MsgFlags, Shutdown, send, shutdown};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::connection::Close;

/// One end of a connection, as a pump sees it. Whoever polls is woken by it.
pub(super) trait Wire: Sync {
    /// Ready when reading may find something: data, the end, or an error.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()>;

    /// Reads what is there; nothing at the end.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Ready when writing may take something.
    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Writes as much as is taken.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes as much as is taken, in a segment of its own.
    fn try_write_piece(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes what was taken and still waits here, as far as that can be written now.
    fn poll_flush(&self, _: &mut Context<'_>) {}

    /// Says that nothing more will be written.
    fn finish(&self);

    /// How the connection is to be ended once everything that was read is through, where that is asked for.
    fn closes(&self) -> Option<Close> {
        None
    }
}

impl Wire for TcpStream {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        // An error of the socket is found by reading, which also finds the bytes that came before it.
        self.poll_read_ready(context).map(|_| ())
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        TcpStream::try_read(self, buffer)
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(context)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        TcpStream::try_write(self, bytes)
    }

    fn try_write_piece(&self, bytes: &[u8]) -> io::Result<usize> {
        // The end of a record: the kernel joins nothing with it that is written later, also where it has to wait
        // (`MSG_EOR`, send(2)).
        let flags = MsgFlags::MSG_EOR | MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        self.try_io(Interest::WRITABLE, || Ok(send(self.as_raw_fd(), bytes, flags)?))
    }

    fn finish(&self) {
        // It fails only when the other end is gone already, which the opposite direction notices.
        let _ = shutdown(self.as_raw_fd(), Shutdown::Write);
    }
}
