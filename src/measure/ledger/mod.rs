//! A ledger: exact accounting of items from end to end.
//!
//! An item is its key. It is *sent* once (sending the same key again makes no second item) and *received* once;
//! what comes again is *duplicated*. *Lost* is what was sent in a window and has not come by now, *unexpected*
//! what came and has not been sent by now: an item may well be seen at its destination before its sender has
//! told of it, and is matched when the sender does.
//!
//! What is under way stands in memory. Items that are done, the great many, are one bit each where their keys are whole
//! numbers that lie close together, and 20 bytes on disk with two in memory otherwise. So it is exact for hundreds of
//! millions of them.

mod dense;
pub(in crate::measure) mod keys;
mod positioned;
mod settled;
mod shelf;
mod tally;
#[cfg(test)]
mod tests;
mod waiting;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use keys::{Hashing, Key, Name, Plain, shown, whole};
use settled::Settled;
use tally::{Count, Tally};
use waiting::{Half, Waiting};

use super::series::{Distribution, Series, TooManyPins};
use super::window::Window;
use crate::lang::moment::Moment;

/// Keys of each kind that are named in a report.
pub const FIRST_KEYS: usize = 100;

/// Receipts beside the first that are kept of one item while it has not been sent.
const MOST_AGAIN: usize = 7;

/// Items of which such receipts are kept.
const MOST_ITEMS_AGAIN: usize = 1 << 20;

/// The account of all items.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    hashing: Hashing,
    /// Sent and not received.
    open: Waiting,
    /// Received and not sent.
    early: Waiting,
    /// Further receipts, with a value, of items that are not sent.
    again: HashMap<Key, Vec<Half>, Plain>,
    settled: Settled,
    tally: Tally,
    delay: Series,
    resent: u64,
    trouble: Option<Trouble>,
    first: FirstKeys,
}

/// Why a ledger does not know any more.
#[derive(Debug, thiserror::Error)]
#[error("it keeps what it cannot hold in memory in {}, and that failed: {error}", folder.display())]
pub struct Trouble {
    folder: PathBuf,
    error: io::Error,
}

/// The first [`FIRST_KEYS`] keys of each kind, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstKeys {
    /// Sent.
    pub sent: Vec<String>,
    /// Received, and known as sent by then or not.
    pub received: Vec<String>,
    /// Sent, and not received by now.
    pub lost: Vec<String>,
    /// Received again, once for each time.
    pub duplicated: Vec<String>,
    /// Received, and not sent by now.
    pub unexpected: Vec<String>,
    /// Received with another value.
    pub altered: Vec<String>,
}

/// The numbers of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerCounts {
    /// Items sent in the window.
    pub sent: u64,
    /// Items that came in the window, each counted once.
    pub received: u64,
    /// Of those sent in the window, how many have not come by now. None until one was sent.
    pub lost: Option<u64>,
    /// How often an item that had come before came again in the window.
    pub duplicated: u64,
    /// Items that came in the window and have not been sent by now.
    pub unexpected: u64,
    /// How often in the window an item came with another value than it was sent with.
    pub altered: u64,
}

impl Ledger {
    /// A ledger without items. What it cannot hold in memory will lie in `folder`, in files without names.
    pub fn new(folder: &Path) -> Ledger {
        Ledger {
            folder: folder.to_path_buf(),
            hashing: Hashing::default(),
            open: Waiting::new(folder),
            early: Waiting::new(folder),
            again: HashMap::default(),
            settled: Settled::new(folder),
            tally: Tally::default(),
            delay: Series::Distribution(Distribution::default()),
            resent: 0,
            trouble: None,
            first: FirstKeys::default(),
        }
    }

    /// An item was sent, with the value that must arrive unchanged where there is one.
    pub fn sent(&mut self, text: &str, value: Option<&str>, at: Moment) {
        if self.trouble.is_none()
            && let Err(error) = self.enter_sent(text, value, at)
        {
            self.give_up(error);
        }
    }

    /// An item came.
    pub fn received(&mut self, text: &str, value: Option<&str>, at: Moment) {
        if self.trouble.is_none()
            && let Err(error) = self.enter_received(text, value, at)
        {
            self.give_up(error);
        }
    }

    /// An item that had come has another value now: it is compared, and nothing has come.
    pub fn compared(&mut self, text: &str, value: Option<&str>, at: Moment) {
        if self.trouble.is_some() {
            return;
        }
        let now = self.hashing.value(value);
        match self.settled.get(&self.hashing.name(text)) {
            Ok(Some(sent)) if sent != 0 && now != 0 && sent != now as u32 => self.count_altered(text, at),
            Ok(_) => {}
            Err(error) => self.give_up(error),
        }
    }

    fn enter_sent(&mut self, text: &str, value: Option<&str>, at: Moment) -> io::Result<()> {
        let name = self.hashing.name(text);
        let key = &name.key;
        let value = self.hashing.value(value);
        if self.open.is_at_hand(key) {
            self.resent += 1;
            return Ok(());
        }
        let early = match self.early.take_at_hand(key) {
            Some(early) => Some(early),
            None if self.settled.contains(key, name.whole())? || self.open.find_spilled(key)?.is_some() => {
                self.resent += 1;
                return Ok(());
            }
            None => self.early.find_spilled(key)?.inspect(|_| self.early.matched_spilled()),
        };
        self.tally.add(Count::Sent, at, 1);
        note(&mut self.first.sent, text);
        let Some(early) = early else { return self.open.insert(&name, Half { at, value }) };
        self.tally.add(Count::Arrived, at, 1);
        self.tally.add(Count::Unsent, early.at, -1);
        self.delay.record(at, early.at.since(at).as_secs_f64());
        self.compare(text, value, early);
        for receipt in self.again.remove(key).unwrap_or_default() {
            self.compare(text, value, receipt);
        }
        self.settled.insert(&name, value)
    }

    fn enter_received(&mut self, text: &str, value: Option<&str>, at: Moment) -> io::Result<()> {
        let name = self.hashing.name(text);
        let key = &name.key;
        let receipt = Half { at, value: self.hashing.value(value) };
        if let Some(open) = self.open.take_at_hand(key) {
            return self.arrived(&name, open, receipt);
        }
        if let Some(sent) = self.settled.get(&name)? {
            self.count_duplicate(text, at);
            if sent != 0 && receipt.value != 0 && sent != receipt.value as u32 {
                self.count_altered(text, at);
            }
            return Ok(());
        }
        if self.early.is_at_hand(key) {
            return self.came_again(&name, receipt);
        }
        if let Some(open) = self.open.find_spilled(key)? {
            self.open.matched_spilled();
            return self.arrived(&name, open, receipt);
        }
        if self.early.find_spilled(key)?.is_some() {
            return self.came_again(&name, receipt);
        }
        self.tally.add(Count::Unsent, at, 1);
        self.count_received(text, at);
        self.early.insert(&name, receipt)
    }

    /// What was sent has come.
    fn arrived(&mut self, name: &Name<'_>, open: Half, receipt: Half) -> io::Result<()> {
        self.count_received(name.text, receipt.at);
        self.tally.add(Count::Arrived, open.at, 1);
        self.delay.record(open.at, receipt.at.since(open.at).as_secs_f64());
        self.compare(name.text, open.value, receipt);
        self.settled.insert(name, open.value)
    }

    /// What was not sent has come once more. Its value is compared when it is.
    fn came_again(&mut self, name: &Name<'_>, receipt: Half) -> io::Result<()> {
        self.count_duplicate(name.text, receipt.at);
        if receipt.value == 0 {
            return Ok(());
        }
        if self.again.len() >= MOST_ITEMS_AGAIN && !self.again.contains_key(&name.key) {
            return Err(io::Error::other("too many items came several times and were never sent"));
        }
        let receipts = self.again.entry(name.key).or_default();
        if receipts.len() < MOST_AGAIN {
            receipts.push(receipt);
        }
        Ok(())
    }

    /// From now on there are no numbers: they would not be exact. What was kept is let go.
    fn give_up(&mut self, error: io::Error) {
        let folder = std::mem::take(&mut self.folder);
        *self = Ledger { trouble: Some(Trouble { folder, error }), ..Ledger::new(Path::new("")) };
    }

    fn count_received(&mut self, text: &str, at: Moment) {
        self.tally.add(Count::Received, at, 1);
        note(&mut self.first.received, text);
    }

    fn count_duplicate(&mut self, text: &str, at: Moment) {
        self.tally.add(Count::Duplicated, at, 1);
        note(&mut self.first.duplicated, text);
    }

    fn count_altered(&mut self, text: &str, at: Moment) {
        self.tally.add(Count::Altered, at, 1);
        note(&mut self.first.altered, text);
    }

    fn compare(&mut self, text: &str, sent: u64, receipt: Half) {
        if sent != 0 && receipt.value != 0 && sent != receipt.value {
            self.count_altered(text, receipt.at);
        }
    }

    /// The numbers of a window, as far as known by now. None once the ledger is in trouble: they would not be exact.
    pub fn counts(&self, window: Window) -> Option<LedgerCounts> {
        if self.trouble.is_some() {
            return None;
        }
        let count = |count| self.tally.within(count, window);
        let sent = count(Count::Sent);
        Some(LedgerCounts {
            sent,
            received: count(Count::Received),
            lost: (sent > 0).then(|| sent.saturating_sub(count(Count::Arrived))),
            duplicated: count(Count::Duplicated),
            unexpected: count(Count::Unsent),
            altered: count(Count::Altered),
        })
    }

    /// How long items took, in seconds, at the moment they were sent. An item that was seen before its sender
    /// told of it took none.
    pub fn delay(&self) -> &Series {
        &self.delay
    }

    /// The first keys of each kind, as far as known by now.
    ///
    /// # Errors
    /// When what is on disk cannot be read.
    pub fn first_keys(&self) -> io::Result<FirstKeys> {
        let settled = |key: &Key, text: &str| self.settled.contains(key, whole(text));
        Ok(FirstKeys {
            lost: self.open.first(FIRST_KEYS, settled)?,
            unexpected: self.early.first(FIRST_KEYS, settled)?,
            ..self.first.clone()
        })
    }

    /// How often a key was sent that had been sent before.
    pub fn resent(&self) -> u64 {
        self.resent
    }

    /// Why there are no numbers any more, where that is so.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Keeps `at` as an exact edge of windows.
    ///
    /// # Errors
    /// When too many moments are pinned already.
    pub fn pin(&mut self, at: Moment) -> Result<(), TooManyPins> {
        self.delay.pin(at)?;
        self.tally.marks.pin(at)
    }

    /// Takes back one [`Ledger::pin`].
    pub fn unpin(&mut self, at: Moment) {
        self.delay.unpin(at);
        self.tally.marks.unpin(at);
    }

    /// Memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        let again = self.again.capacity() * 8 / 7 * (size_of::<(Key, Vec<Half>)>() + 1);
        let receipts: usize = self.again.values().map(|receipts| receipts.capacity()).sum();
        size_of::<Ledger>()
            + again
            + receipts * size_of::<Half>()
            + self.open.bytes()
            + self.early.bytes()
            + self.settled.bytes()
            + self.tally.bytes()
            + self.delay.bytes()
    }
}

/// Texts that were seen before, however many.
#[derive(Debug)]
pub struct Seen {
    hashing: Hashing,
    settled: Settled,
}

impl Seen {
    /// None yet. What it cannot hold in memory will lie in `folder`, in files without names.
    pub fn new(folder: &Path) -> Seen {
        Seen { hashing: Hashing::default(), settled: Settled::new(folder) }
    }

    /// Whether a text was seen before. From now on it was.
    ///
    /// # Errors
    /// When what is on disk cannot be read or written.
    pub fn again(&mut self, text: &str) -> io::Result<bool> {
        let name = self.hashing.name(text);
        if self.settled.contains(&name.key, name.whole())? {
            return Ok(true);
        }
        self.settled.insert(&name, 0)?;
        Ok(false)
    }
}

fn note(keys: &mut Vec<String>, text: &str) {
    if keys.len() < FIRST_KEYS {
        keys.push(shown(text));
    }
}
