//! The way back: how a run is told to stop.
//!
//! The first signal asks a run to end its story, undo and clean up; a second asks it to leave out the commands of
//! the cleanup. What is undone is undone in any case.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// How many signals wait to be heard; impatience beyond that says nothing new.
const MAX_WAITING: usize = 8;

/// A signal to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM: as a first Ctrl-C.
    Terminate,
}

impl Signal {
    /// As the report names it.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    waiting: VecDeque<Signal>,
    waker: Option<Waker>,
}

/// The end that tells; from any thread.
#[derive(Clone, Debug)]
pub struct Controller(Arc<Mutex<Shared>>);

/// The end that hears.
#[derive(Debug)]
pub struct Control(Arc<Mutex<Shared>>);

/// A way to tell one run to stop.
pub fn channel() -> (Controller, Control) {
    let shared = Arc::default();
    (Controller(Arc::clone(&shared)), Control(shared))
}

impl Controller {
    /// Hands a signal on. It never waits.
    pub fn send(&self, signal: Signal) {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.waiting.len() < MAX_WAITING {
            shared.waiting.push_back(signal);
        }
        let waker = shared.waker.take();
        drop(shared);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Control {
    /// The next signal, once there is one. Nothing is lost when the waiting is given up.
    pub async fn next(&mut self) -> Signal {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The next signal, where there is one already.
    pub fn try_next(&mut self) -> Option<Signal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).waiting.pop_front()
    }

    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Signal> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.waiting.pop_front() {
            Some(signal) => Poll::Ready(signal),
            None => {
                shared.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    #[test]
    fn signals_are_heard_in_order_by_waiting_and_by_looking() {
        let (controller, mut control) = channel();
        assert_eq!(control.try_next(), None);
        {
            let mut context = Context::from_waker(Waker::noop());
            let mut next = pin!(control.next());
            assert_eq!(next.as_mut().poll(&mut context), Poll::Pending);
            controller.send(Signal::Interrupt);
            controller.clone().send(Signal::Terminate);
            assert_eq!(next.as_mut().poll(&mut context), Poll::Ready(Signal::Interrupt));
        }
        assert_eq!(control.try_next(), Some(Signal::Terminate));
        (0..100).for_each(|_| controller.send(Signal::Interrupt));
        assert_eq!(std::iter::from_fn(|| control.try_next()).count(), MAX_WAITING);
    }
}
