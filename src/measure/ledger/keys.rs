//! How a ledger knows an item again without keeping its text.
//!
//! A key is 128 bits of SipHash under two random keys: among a billion items the probability that any two are
//! taken for one is below 10⁻²⁰, and no system under test can aim at it.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::lang::moment::Moment;

/// Keys are shown up to this many characters.
const SHOWN: usize = 200;

/// What stands for an item's text. Four words of 32 bits, so that a table packs it without gaps.
pub type Key = [u32; 4];

/// What makes keys and stands for values.
#[derive(Debug, Default)]
pub struct Hashing {
    first: RandomState,
    second: RandomState,
}

impl Hashing {
    pub fn key(&self, text: &str) -> Key {
        let (high, low) = (self.first.hash_one(text), self.second.hash_one(text));
        [(high >> 32) as u32, high as u32, (low >> 32) as u32, low as u32]
    }

    /// What stands for a value; 0 is none.
    pub fn value(&self, text: Option<&str>) -> u64 {
        text.map_or(0, |text| self.first.hash_one((0u8, text)) | 1)
    }
}

/// The items that were both sent and received: only needed to know one again that comes once more. The one
/// part of a ledger that grows with the number of items (21 bytes each, and a table's slack).
#[derive(Debug, Default)]
pub struct Settled {
    values: HashMap<Key, u32>,
}

impl Settled {
    pub fn insert(&mut self, key: Key, value: u64) {
        self.values.insert(key, value as u32);
    }

    /// Whether the item is among them, and if so whether `value` differs from what was sent.
    pub fn differs(&self, key: &Key, value: u64) -> Option<bool> {
        self.values.get(key).map(|sent| *sent != 0 && value != 0 && *sent != value as u32)
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn bytes(&self) -> usize {
        self.values.capacity() * 8 / 7 * (size_of::<(Key, u32)>() + 1)
    }
}

/// The texts of some of the items that are still open, to name them in a report.
#[derive(Debug, Default)]
pub struct Texts {
    texts: HashMap<Key, (Moment, Box<str>)>,
}

/// Open items whose text is kept; of more, only the count is known.
const MOST_TEXTS: usize = 10_000;

impl Texts {
    pub fn keep(&mut self, key: Key, at: Moment, text: &str) {
        if self.texts.len() < MOST_TEXTS {
            self.texts.insert(key, (at, shown(text).into_boxed_str()));
        }
    }

    pub fn drop(&mut self, key: &Key) {
        self.texts.remove(key);
    }

    /// The first of them in time.
    pub fn first(&self, count: usize) -> Vec<String> {
        let mut sorted: Vec<&(Moment, Box<str>)> = self.texts.values().collect();
        sorted.sort_unstable();
        sorted.into_iter().take(count).map(|(_, text)| text.to_string()).collect()
    }

    pub fn bytes(&self) -> usize {
        let texts: usize = self.texts.values().map(|(_, text)| text.len()).sum();
        texts + self.texts.capacity() * 8 / 7 * (size_of::<(Key, (Moment, Box<str>))>() + 1)
    }
}

/// A key as it is shown.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
