//! A connection that many requests share at once: what they send goes out together, and what comes is taken apart by
//! their protocol. A task of the thread's own drives it.

use super::buffered::{Buffered, MAX_CAME};
use super::request::RequestError;
use super::socket::stream_error;
use super::stream::Stream;
use bytes::BytesMut;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, WriteHalf};
use tokio::sync::Notify;
use tokio::task::spawn_local;

/// An emptied buffer larger than this is not kept.
const KEPT: usize = 1 << 16;

/// What a protocol does with what comes.
pub trait Protocol {
    /// Takes everything that is whole off the front of what has come. What must be answered at once goes to `out`.
    ///
    /// # Errors
    /// What ends the connection.
    fn take(&self, came: &mut BytesMut, out: &mut BytesMut) -> Result<(), RequestError>;

    /// The connection has ended, and whoever waits is to be told why.
    fn ended(&self, why: &RequestError);
}

/// The requests' end of a shared connection. It is closed when this is dropped.
pub struct Wire {
    shared: Rc<Shared>,
}

struct Shared {
    out: RefCell<BytesMut>,
    wake: Notify,
    open: Cell<bool>,
    /// Bytes that were to be sent, and that were given to the kernel.
    queued: Cell<u64>,
    written: Cell<u64>,
    progress: Notify,
}

impl Shared {
    fn has_written(&self, length: u64) {
        self.written.set(self.written.get() + length);
        self.progress.notify_waiters();
    }
}

impl Wire {
    /// Shares an opened connection.
    pub fn start(connection: Buffered, protocol: Rc<dyn Protocol>) -> Wire {
        let shared = Rc::new(Shared {
            out: RefCell::default(),
            wake: Notify::new(),
            open: Cell::new(true),
            queued: Cell::new(0),
            written: Cell::new(0),
            progress: Notify::new(),
        });
        spawn_local(drive(connection, Rc::clone(&shared), protocol));
        Wire { shared }
    }

    /// Whether it may still be used.
    pub fn is_open(&self) -> bool {
        self.shared.open.get()
    }

    /// Adds to what goes out.
    pub fn send(&self, write: impl FnOnce(&mut BytesMut)) {
        // What always goes well has no error to hand on.
        let _ = self.try_send(|out| {
            write(out);
            Ok(())
        });
    }

    /// Adds to what goes out, or nothing where that fails. Gives a mark for [`Wire::written`].
    ///
    /// # Errors
    /// Those of `write`.
    pub fn try_send(
        &self,
        write: impl FnOnce(&mut BytesMut) -> Result<(), RequestError>,
    ) -> Result<u64, RequestError> {
        let mut out = self.shared.out.borrow_mut();
        let before = out.len();
        if let Err(error) = write(&mut out) {
            out.truncate(before);
            return Err(error);
        }
        self.shared.queued.set(self.shared.queued.get() + (out.len() - before) as u64);
        self.shared.wake.notify_one();
        Ok(self.shared.queued.get())
    }

    /// Waits until everything up to a mark was given to the kernel.
    pub async fn written(&self, mark: u64) -> Result<(), RequestError> {
        loop {
            let progress = self.shared.progress.notified();
            if self.shared.written.get() >= mark {
                return Ok(());
            }
            if !self.is_open() {
                return Err(RequestError::Closed);
            }
            progress.await;
        }
    }

    /// Gives the connection up.
    pub fn close(&self) {
        self.shared.open.set(false);
        self.shared.wake.notify_one();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.close();
    }
}

async fn drive(connection: Buffered, shared: Rc<Shared>, protocol: Rc<dyn Protocol>) {
    let why = carry(connection, &shared, &*protocol).await;
    shared.open.set(false);
    shared.progress.notify_waiters();
    protocol.ended(&why);
}

async fn carry(connection: Buffered, shared: &Shared, protocol: &dyn Protocol) -> RequestError {
    let (stream, mut came) = connection.into_parts();
    let holds_back = stream.holds_back();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut going = BytesMut::new();
    // What was written and may still wait for a flush.
    let mut unflushed = 0;
    while shared.open.get() {
        if going.is_empty() && unflushed == 0 {
            std::mem::swap(&mut going, &mut shared.out.borrow_mut());
            shrink(&mut shared.out.borrow_mut());
        }
        tokio::select! {
            read = reader.read_buf(&mut came) => {
                match read {
                    Ok(0) => return RequestError::Closed,
                    Ok(_) => {}
                    Err(error) => return stream_error(&error),
                }
                let mut out = shared.out.borrow_mut();
                let before = out.len();
                if let Err(error) = protocol.take(&mut came, &mut out) {
                    return error;
                }
                shared.queued.set(shared.queued.get() + (out.len() - before) as u64);
                if came.len() > MAX_CAME {
                    return RequestError::TooLarge(MAX_CAME);
                }
                shrink(&mut came);
            }
            sent = push(&mut writer, &mut going), if !going.is_empty() || unflushed > 0 => match sent {
                Ok(Some(length)) if holds_back => unflushed += length as u64,
                Ok(Some(length)) => shared.has_written(length as u64),
                Ok(None) => shared.has_written(std::mem::take(&mut unflushed)),
                Err(error) => return stream_error(&error),
            },
            () = shared.wake.notified(), if going.is_empty() && unflushed == 0 => {}
        }
    }
    RequestError::Closed
}

/// Writes a part of what goes, and tells how long it was; behind the last, sees to it that nothing is held back. Dropping
/// the future loses nothing.
async fn push(writer: &mut WriteHalf<Stream>, going: &mut BytesMut) -> io::Result<Option<usize>> {
    match going.is_empty() {
        true => writer.flush().await.map(|()| None),
        false => writer.write_buf(going).await.map(Some),
    }
}

fn shrink(buffer: &mut BytesMut) {
    if buffer.is_empty() && buffer.capacity() > KEPT {
        *buffer = BytesMut::new();
    }
}
