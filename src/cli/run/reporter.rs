//! Takes the events of a run to its record, its summary and the terminal, on a thread of its own: a slow disk or a
//! stopped terminal must not delay what the run does.

use crate::event::{Event, EventKind};
use crate::report::Summary;
use crate::store::record::Record;
use crate::ui::Progress;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How many events may wait for the thread before the run waits for it. Room for all of them is taken at the start.
const MAX_WAITING: usize = 4_096;
/// How often the thread looks up without an event: to redraw, and to write what waits.
const TICK: Duration = Duration::from_millis(250);

/// The running thread.
pub struct Reporter {
    sender: SyncSender<Event>,
    thread: JoinHandle<(Summary, bool)>,
}

impl Reporter {
    /// Begins to report.
    pub fn start(record: Record, progress: Progress) -> Reporter {
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let thread = thread::spawn(move || report(&receiver, record, progress));
        Reporter { sender, thread }
    }

    /// Takes the next event.
    pub fn hand(&self, event: Event) {
        // The other end is gone only after a panic, which `finish` passes on.
        let _ = self.sender.send(event);
    }

    /// Waits until everything is written. Gives the summary, and whether the record is whole.
    pub fn finish(self) -> (Summary, bool) {
        drop(self.sender);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn report(receiver: &Receiver<Event>, mut record: Record, mut progress: Progress) -> (Summary, bool) {
    let mut summary = Summary::new();
    let mut at = 0.0;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(event) => {
                at = event.at;
                record.write(&event);
                summary.fold(&event);
                progress.event(&event);
            }
            Err(RecvTimeoutError::Timeout) => {
                record.tick();
                progress.tick();
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(text) = record.take_notice() {
            tracing::warn!("{text}");
            let notice = Event::new(at, EventKind::Noticed { line: None, text });
            record.write(&notice);
            summary.fold(&notice);
            progress.event(&notice);
        }
    }
    progress.finish();
    (summary, record.finish())
}
