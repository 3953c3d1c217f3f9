//! How a ledger knows an item again without keeping its text.
//!
//! A key is 128 bits of SipHash under two random keys: among 500 million items the probability that any two are taken
//! for one is below 4 · 10⁻²² (n² / 2¹²⁹), and no system under test can aim at it.

use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

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

/// For tables of keys: a key is a hash already.
pub type Plain = BuildHasherDefault<Front>;

/// The middle of a key. Its front orders the runs on disk; a table filled in that order would be slow.
#[derive(Debug, Default)]
pub struct Front(u64);

impl Hasher for Front {
    fn write(&mut self, bytes: &[u8]) {
        if let Some((front, _)) = bytes[bytes.len().min(4)..].split_first_chunk() {
            self.0 = u64::from_ne_bytes(*front);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The text of an item that waits, to name it in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// A decimal number as it is usually written.
    Whole(u64),
    Other(Box<str>),
}

impl Text {
    pub fn of(text: &str) -> Text {
        whole(text).map_or_else(|| Text::Other(shown(text).into_boxed_str()), Text::Whole)
    }

    /// Memory it takes beside itself.
    pub fn bytes(&self) -> usize {
        match self {
            Text::Whole(_) => 0,
            Text::Other(text) => text.len(),
        }
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Text::Whole(number) => write!(formatter, "{number}"),
            Text::Other(text) => formatter.write_str(text),
        }
    }
}

/// The number that a text is, where it is written in the one usual way: no sign, no zeros in front.
pub fn whole(text: &str) -> Option<u64> {
    let usual = text.len() < 20 && (text == "0" || !text.starts_with(['0', '+']));
    if usual { text.parse().ok() } else { None }
}

/// A key as it is shown.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
