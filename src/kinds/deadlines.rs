//! Deadlines of many things that mostly end long before them.
//!
//! A timer for each would be set and taken back a hundred thousand times a second. Here each leaves a note with its
//! deadline, and one task looks at the notes when the earliest of those it has seen is over: as requests of one target
//! mostly have the same timeout, that is about once in such a time.

use std::cell::{OnceCell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, spawn_local};

/// The deadlines of one client. They are kept to a few milliseconds.
#[derive(Default)]
pub struct Deadlines {
    shared: Rc<Shared>,
    sweeper: OnceCell<AbortHandle>,
}

#[derive(Default)]
struct Shared {
    notes: RefCell<Notes>,
    /// Told when a deadline is earlier than the next look.
    earlier: Notify,
}

#[derive(Default)]
struct Notes {
    places: Vec<Note>,
    free: Vec<usize>,
    next_look: Option<Instant>,
}

enum Note {
    Free,
    Waiting { deadline: Instant, waker: Waker },
    Over,
}

impl Deadlines {
    /// What the future comes to, or `None` where that takes longer than `timeout`. Must be called within a `LocalSet`.
    pub async fn within<Output>(
        &self,
        timeout: Duration,
        future: impl Future<Output = Output>,
    ) -> Option<Output> {
        let mut place = Place { deadlines: self, index: None };
        let mut future = pin!(future);
        poll_fn(move |context| {
            if place.is_over() {
                return Poll::Ready(None);
            }
            let polled = future.as_mut().poll(context);
            if polled.is_pending() {
                place.wait(timeout, context);
            }
            polled.map(Some)
        })
        .await
    }

    fn start_sweeper(&self) {
        self.sweeper.get_or_init(|| {
            let shared = Rc::clone(&self.shared);
            spawn_local(async move {
                loop {
                    match shared.sweep(Instant::now()) {
                        None => shared.earlier.notified().await,
                        Some(next) => tokio::select! {
                            () = tokio::time::sleep_until(next.into()) => {}
                            () = shared.earlier.notified() => {}
                        },
                    }
                }
            })
            .abort_handle()
        });
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        if let Some(sweeper) = self.sweeper.get() {
            sweeper.abort();
        }
    }
}

impl Shared {
    /// Wakes whoever is over, and tells when to look again.
    fn sweep(&self, now: Instant) -> Option<Instant> {
        let mut notes = self.notes.borrow_mut();
        let mut next: Option<Instant> = None;
        for place in &mut notes.places {
            let Note::Waiting { deadline, .. } = place else { continue };
            if *deadline > now {
                next = Some(next.map_or(*deadline, |next| next.min(*deadline)));
            } else if let Note::Waiting { waker, .. } = std::mem::replace(place, Note::Over) {
                waker.wake();
            }
        }
        notes.next_look = next;
        next
    }
}

/// One note's place, free again when it is dropped.
struct Place<'a> {
    deadlines: &'a Deadlines,
    index: Option<usize>,
}

impl Place<'_> {
    fn is_over(&self) -> bool {
        let notes = self.deadlines.shared.notes.borrow();
        self.index.is_some_and(|index| matches!(notes.places[index], Note::Over))
    }

    fn wait(&mut self, timeout: Duration, context: &Context<'_>) {
        let shared = &self.deadlines.shared;
        let mut notes = shared.notes.borrow_mut();
        if let Some(index) = self.index {
            if let Note::Waiting { waker, .. } = &mut notes.places[index] {
                waker.clone_from(context.waker());
            }
            return;
        }
        // Later than the clock can tell is never.
        let Some(deadline) = Instant::now().checked_add(timeout) else { return };
        let note = Note::Waiting { deadline, waker: context.waker().clone() };
        let index = match notes.free.pop() {
            Some(index) => {
                notes.places[index] = note;
                index
            }
            None => {
                notes.places.push(note);
                notes.places.len() - 1
            }
        };
        self.index = Some(index);
        if notes.next_look.is_none_or(|look| deadline < look) {
            notes.next_look = Some(deadline);
            shared.earlier.notify_one();
            self.deadlines.start_sweeper();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(index) = self.index {
            let mut notes = self.deadlines.shared.notes.borrow_mut();
            notes.places[index] = Note::Free;
            notes.free.push(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::LocalSet;

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(20);

    fn run(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        LocalSet::new().block_on(&runtime, test);
    }

    #[test]
    fn what_takes_too_long_is_over_and_what_does_not_is_not() {
        run(async {
            let deadlines = Deadlines::default();
            assert_eq!(deadlines.within(SHORT, async { 7 }).await, Some(7));
            let begun = Instant::now();
            // The longer one comes first, so that the look that was planned is too late for the shorter one.
            let (long, short) = tokio::join!(
                deadlines.within(LONG, tokio::time::sleep(3 * SHORT)),
                deadlines.within(SHORT, std::future::pending::<()>()),
            );
            assert_eq!((long, short), (Some(()), None));
            assert!(begun.elapsed() >= 3 * SHORT && begun.elapsed() < LONG / 100);
        });
    }

    #[test]
    fn places_are_used_again() {
        run(async {
            let deadlines = Deadlines::default();
            for _ in 0..100 {
                let both = (
                    deadlines.within(LONG, tokio::task::yield_now()),
                    deadlines.within(LONG, tokio::task::yield_now()),
                );
                tokio::join!(both.0, both.1);
            }
            assert_eq!(deadlines.shared.notes.borrow().places.len(), 2);
            assert_eq!(deadlines.within(SHORT, std::future::pending::<()>()).await, None);
            assert_eq!(deadlines.within(SHORT, std::future::pending::<()>()).await, None);
        });
    }
}
