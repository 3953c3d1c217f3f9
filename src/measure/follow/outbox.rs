//! What waits for its receiver: nothing is lost while the receiver is busy, and nothing blocks the hub.

use std::collections::VecDeque;

use tokio::sync::mpsc::{Sender, error::TrySendError};

/// Messages on their way to a follower.
#[derive(Debug)]
pub struct Outbox<T> {
    sender: Sender<T>,
    waiting: VecDeque<T>,
}

impl<T> Outbox<T> {
    pub fn new(sender: Sender<T>) -> Outbox<T> {
        Outbox { sender, waiting: VecDeque::new() }
    }

    /// Sends it, or lets it wait behind what waits already.
    pub fn send(&mut self, message: T) {
        self.waiting.push_back(message);
        self.flush();
    }

    /// Sends what waits as far as there is room.
    pub fn flush(&mut self) {
        while let Some(message) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(message)) = self.sender.try_send(message) {
                self.waiting.push_front(message);
                return;
            }
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody receives any more.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}
