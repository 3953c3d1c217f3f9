//! Rows in the order of the file: a thread reads ahead, and waits where nobody takes them.

use std::io;
use std::vec;

use tokio::sync::mpsc;

use super::rows::{Numbered, Rows, Wrong};

/// Rows that are handed over together.
const BATCH: usize = 64;
/// Batches that wait to be taken.
const WAITING: usize = 16;

/// What has been read and not been taken.
#[derive(Debug)]
pub struct Stream {
    batches: mpsc::Receiver<Vec<Numbered>>,
    batch: vec::IntoIter<Numbered>,
}

impl Stream {
    /// Begins to read from where `rows` stand; over and over where it is to go `around`.
    pub fn begin(rows: Rows, around: bool) -> io::Result<Stream> {
        let (sender, batches) = mpsc::channel(WAITING);
        std::thread::Builder::new().name("soak-dataset".into()).spawn(move || read(rows, around, &sender))?;
        Ok(Stream { batches, batch: Vec::new().into_iter() })
    }

    /// The next row; None behind the last. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Numbered> {
        loop {
            if let Some(row) = self.batch.next() {
                return Some(row);
            }
            self.batch = self.batches.recv().await?.into_iter();
        }
    }
}

/// Ends when all is read, or when nobody takes anything any more.
fn read(mut rows: Rows, around: bool, sender: &mpsc::Sender<Vec<Numbered>>) {
    let beginning = rows.place();
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        let mut ended = false;
        while batch.len() < BATCH && !ended {
            match rows.read() {
                Ok(Some(row)) => batch.push(row),
                Ok(None) => ended = true,
                Err(error) => {
                    let row = Err(Wrong::Unreadable(error.to_string()));
                    batch.push(Numbered { line: rows.place().line, row });
                    ended = true;
                }
            }
        }
        let again = ended && around && (!batch.is_empty() || rows.place() != beginning);
        if (!batch.is_empty() && sender.blocking_send(batch).is_err()) || (ended && !again) {
            return;
        }
        if ended && rows.go_to(beginning).is_err() {
            return;
        }
    }
}
