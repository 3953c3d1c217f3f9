//! Remembers what made TLS fail, for where a library above it keeps nothing of an error but its words.

use super::failure::{TlsFailure, named};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So often a connection that is broken is read from to learn why.
const MOST_READ: usize = 64;

/// What was seen of a connection.
#[derive(Clone, Default)]
pub struct Witness(Arc<OnceLock<TlsFailure>>);

impl Witness {
    /// Why TLS failed, where it did.
    pub fn failure(&self) -> Option<TlsFailure> {
        self.0.get().copied()
    }

    fn look<T>(&self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &outcome
            && let Some(failure) = named(error)
        {
            // The first one is the cause of whatever follows.
            let _ = self.0.set(failure);
        }
        outcome
    }
}

/// A connection that is looked at.
pub struct Witnessed<S> {
    stream: S,
    witness: Witness,
}

impl<S> Witnessed<S> {
    /// Looks at a connection from now on.
    pub fn new(stream: S) -> (Witnessed<S>, Witness) {
        let witness = Witness::default();
        (Witnessed { stream, witness: witness.clone() }, witness)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Witnessed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.witness.look(read)
    }
}

impl<S: AsyncRead + Unpin> Witnessed<S> {
    /// Whoever refuses to hear more may have said why, and that is still to be read. What it said beside is of no use to a
    /// connection that cannot be written to.
    fn look_behind<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(_)) = outcome {
            let mut scratch = [0; 1024];
            for _ in 0..MOST_READ {
                let mut buffer = ReadBuf::new(&mut scratch);
                let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
                let ended = !matches!(read, Poll::Ready(Ok(()))) || buffer.filled().is_empty();
                let _ = self.witness.look(read);
                if ended {
                    break;
                }
            }
        }
        outcome
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Witnessed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.look_behind(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.look_behind(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.witness.look(shut)
    }
}
