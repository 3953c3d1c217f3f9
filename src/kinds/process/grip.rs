//! A thread that has hold of a process's tree, and looks at it again and again until it is to let go.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// The holder's side. Dropped, the thread has let go and ended.
pub(super) struct Grip<Found> {
    release: Option<Sender<()>>,
    thread: Option<JoinHandle<Found>>,
}

/// The thread's side.
pub(super) struct Held(Receiver<()>);

/// Lets go when it is dropped.
pub(super) struct Release(#[expect(dead_code, reason = "its end is what is heard")] Sender<()>);

impl Held {
    /// A hold of its own, and what ends it.
    pub fn pair() -> (Release, Held) {
        let (release, released) = mpsc::channel();
        (Release(release), Held(released))
    }

    /// Waits so long; false when it is time to let go.
    pub fn wait(&self, time: Duration) -> bool {
        matches!(self.0.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}

impl<Found: Send + 'static> Grip<Found> {
    /// Takes hold.
    pub fn take(name: &str, work: impl FnOnce(&Held) -> Found + Send + 'static) -> io::Result<Grip<Found>> {
        let (release, released) = mpsc::channel();
        let thread = Builder::new().name(name.to_owned()).spawn(move || work(&Held(released)))?;
        Ok(Grip { release: Some(release), thread: Some(thread) })
    }

    /// Lets go and gives what was found.
    pub fn end(mut self) -> Option<Found> {
        self.join()
    }
}

impl<Found> Grip<Found> {
    fn join(&mut self) -> Option<Found> {
        drop(self.release.take());
        self.thread.take()?.join().ok()
    }
}

impl<Found> Drop for Grip<Found> {
    fn drop(&mut self) {
        let _ = self.join();
    }
}
