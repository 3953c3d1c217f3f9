//! The body of an answer while it is read, and the limits on what is held of bodies.

use crate::kinds::request::RequestError;
use bytes::Bytes;
use std::cell::{Cell, RefCell};

/// A larger answer that is looked at ends its request with an error. One that nobody looks at is read and counted, however
/// long it is: nothing of it is held.
pub const MAX_BODY: usize = 64 << 20;
/// Answers of one target that are being read may hold so much together; beyond it a request ends with an error.
pub const MAX_HELD: usize = 512 << 20;
/// So much is read at once.
const BUFFER: usize = 64 << 10;
/// Room that is made for a body of known length before anything of it has come.
const AHEAD: u64 = 256 << 10;

/// What the connections of one client share: they are read one after the other, so one buffer serves all.
pub(super) struct Desk {
    pub buffer: RefCell<Box<[u8]>>,
    /// Bytes of bodies that are being read.
    held: Cell<usize>,
}

impl Desk {
    pub fn new() -> Desk {
        Desk { buffer: RefCell::new(vec![0; BUFFER].into()), held: Cell::new(0) }
    }
}

/// A body on its way.
pub(super) struct Body<'a> {
    desk: &'a Desk,
    wanted: bool,
    received: u64,
    bytes: Vec<u8>,
    held: usize,
}

impl<'a> Body<'a> {
    pub fn new(desk: &'a Desk, wanted: bool) -> Body<'a> {
        Body { desk, wanted, received: 0, bytes: Vec::new(), held: 0 }
    }

    /// It will be so long.
    pub fn expect(&mut self, length: u64) -> Result<(), RequestError> {
        if self.wanted {
            if length > MAX_BODY as u64 {
                return Err(RequestError::TooLarge(MAX_BODY));
            }
            self.bytes.reserve_exact(length.min(AHEAD) as usize);
        }
        Ok(())
    }

    /// More of it has come.
    pub fn add(&mut self, data: &[u8]) -> Result<(), RequestError> {
        self.received += data.len() as u64;
        if self.wanted {
            if self.received > MAX_BODY as u64 {
                return Err(RequestError::TooLarge(MAX_BODY));
            }
            self.held += data.len();
            self.desk.held.set(self.desk.held.get() + data.len());
            if self.desk.held.get() > MAX_HELD {
                return Err(RequestError::TooMuch(MAX_HELD));
            }
            self.bytes.extend_from_slice(data);
        }
        Ok(())
    }

    /// The body, and how long it was.
    pub fn take(&mut self) -> (Bytes, u64) {
        (Bytes::from(std::mem::take(&mut self.bytes)), self.received)
    }
}

impl Drop for Body<'_> {
    fn drop(&mut self) {
        self.desk.held.set(self.desk.held.get() - self.held);
    }
}
