//! A ledger: exact accounting of items from end to end.
//!
//! An item is its key. It is *sent* once (sending the same key again makes no second item) and *received* once;
//! what comes again is *duplicated*. *Lost* is what was sent in a window and has not come by now, *unexpected*
//! what came and has not been sent by now: an item may well be seen at its destination before its sender has
//! told of it, and is matched when the sender does.

mod keys;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use keys::{Hashing, Key, Settled, Texts, shown};
use tally::{Count, Tally};

use super::series::{Distribution, Series, TooManyPins};
use super::window::Window;
use crate::lang::moment::Moment;

/// Keys of each kind that are named in a report.
pub const FIRST_KEYS: usize = 100;

/// Items that one ledger can keep apart. Beyond, it says that it no longer knows rather than to be wrong.
pub const MOST_ITEMS: usize = 40_000_000;

/// Receipts of one item that are kept while it has not been sent.
const MOST_EARLY: usize = 8;

/// The account of all items.
#[derive(Debug)]
pub struct Ledger {
    hashing: Hashing,
    /// Sent and not received.
    open: HashMap<Key, Open>,
    open_texts: Texts,
    /// Received and not sent.
    early: HashMap<Key, Vec<Receipt>>,
    early_texts: Texts,
    settled: Settled,
    tally: Tally,
    delay: Series,
    resent: u64,
    beyond: u64,
    first: FirstKeys,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    at: Moment,
    value: u64,
}

#[derive(Clone, Copy, Debug)]
struct Receipt {
    at: Moment,
    value: u64,
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

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            hashing: Hashing::default(),
            open: HashMap::new(),
            open_texts: Texts::default(),
            early: HashMap::new(),
            early_texts: Texts::default(),
            settled: Settled::default(),
            tally: Tally::default(),
            delay: Series::Distribution(Distribution::default()),
            resent: 0,
            beyond: 0,
            first: FirstKeys::default(),
        }
    }
}

impl Ledger {
    /// An item was sent, with the value that must arrive unchanged where there is one.
    pub fn sent(&mut self, text: &str, value: Option<&str>, at: Moment) {
        let key = self.hashing.key(text);
        let value = self.hashing.value(value);
        if self.open.contains_key(&key) || self.settled.differs(&key, value).is_some() {
            self.resent += 1;
            return;
        }
        let Some(receipts) = self.early.remove(&key) else {
            if !self.room() {
                return;
            }
            self.count_sent(text, at);
            self.open.insert(key, Open { at, value });
            self.open_texts.keep(key, at, text);
            return;
        };
        self.count_sent(text, at);
        self.early_texts.drop(&key);
        self.tally.add(Count::Arrived, at, 1);
        if let Some(receipt) = receipts.first() {
            self.tally.add(Count::Unsent, receipt.at, -1);
            self.delay.record(at, receipt.at.since(at).as_secs_f64());
        }
        for receipt in receipts {
            self.compare(text, value, receipt);
        }
        self.settled.insert(key, value);
    }

    fn count_sent(&mut self, text: &str, at: Moment) {
        self.tally.add(Count::Sent, at, 1);
        note(&mut self.first.sent, text);
    }

    /// An item came.
    pub fn received(&mut self, text: &str, value: Option<&str>, at: Moment) {
        let key = self.hashing.key(text);
        let receipt = Receipt { at, value: self.hashing.value(value) };
        if let Some(open) = self.open.remove(&key) {
            self.open_texts.drop(&key);
            self.count_received(text, at);
            self.tally.add(Count::Arrived, open.at, 1);
            self.delay.record(open.at, at.since(open.at).as_secs_f64());
            self.compare(text, open.value, receipt);
            self.settled.insert(key, open.value);
        } else if let Some(differs) = self.settled.differs(&key, receipt.value) {
            self.count_duplicate(text, at);
            if differs {
                self.count_altered(text, at);
            }
        } else if let Some(receipts) = self.early.get_mut(&key) {
            if receipts.len() < MOST_EARLY {
                receipts.push(receipt);
            }
            self.count_duplicate(text, at);
        } else if self.room() {
            self.early.insert(key, vec![receipt]);
            self.early_texts.keep(key, at, text);
            self.tally.add(Count::Unsent, at, 1);
            self.count_received(text, at);
        }
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

    fn compare(&mut self, text: &str, sent: u64, receipt: Receipt) {
        if sent != 0 && receipt.value != 0 && sent != receipt.value {
            self.count_altered(text, receipt.at);
        }
    }

    /// Whether one more item can be kept apart.
    fn room(&mut self) -> bool {
        let room = self.open.len() + self.early.len() + self.settled.len() < MOST_ITEMS;
        self.beyond += u64::from(!room);
        room
    }

    /// The numbers of a window, as far as known by now. None once there were more items than the ledger can
    /// keep apart: it would no longer be exact.
    pub fn counts(&self, window: Window) -> Option<LedgerCounts> {
        if self.beyond > 0 {
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
    pub fn first_keys(&self) -> FirstKeys {
        FirstKeys {
            lost: self.open_texts.first(FIRST_KEYS),
            unexpected: self.early_texts.first(FIRST_KEYS),
            ..self.first.clone()
        }
    }

    /// How often a key was sent that had been sent before.
    pub fn resent(&self) -> u64 {
        self.resent
    }

    /// Items there was no room for; from the first on, there are no numbers any more.
    pub fn beyond(&self) -> u64 {
        self.beyond
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
        let table = |capacity: usize, entry: usize| capacity * 8 / 7 * (entry + 1);
        size_of::<Ledger>()
            + table(self.open.capacity(), size_of::<(Key, Open)>())
            + table(self.early.capacity(), size_of::<(Key, Vec<Receipt>)>())
            + self.early.values().map(|receipts| receipts.capacity() * size_of::<Receipt>()).sum::<usize>()
            + self.open_texts.bytes()
            + self.early_texts.bytes()
            + self.settled.bytes()
            + self.tally.bytes()
            + self.delay.bytes()
    }
}

fn note(keys: &mut Vec<String>, text: &str) {
    if keys.len() < FIRST_KEYS {
        keys.push(shown(text));
    }
}
