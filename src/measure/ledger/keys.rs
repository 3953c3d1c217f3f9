//! How a ledger knows an item again without keeping its text.
//!
//! The key of a text is 128 bits of SipHash-1-3 under random keys (Aumasson and Bernstein, 2012): among 500 million items
//! the probability that any two are taken for one is below 4 · 10⁻²² (n² / 2¹²⁹), and no system under test can aim at it.
//! A whole number and a UUID, as they are usually written, are no longer than a key and are not hashed but scrambled, so
//! that no two of them are ever taken for one.

use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use siphasher::{sip, sip128};

/// Keys are shown up to this many characters.
const SHOWN: usize = 200;

/// What stands for an item's text. Four words of 32 bits, so that a table packs it without gaps.
pub type Key = [u32; 4];

/// An item's text, looked at once.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    pub text: &'a str,
    pub key: Key,
    written: Written,
}

/// What of a text need not be kept as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Whole(u64),
    Uuid([u64; 2]),
    Other,
}

impl Name<'_> {
    /// The number that it is, where it is one.
    pub fn whole(&self) -> Option<u64> {
        match self.written {
            Written::Whole(number) => Some(number),
            _ => None,
        }
    }
}

/// What makes keys and stands for values.
#[derive(Debug)]
pub struct Hashing {
    texts: sip128::SipHasher13,
    numbers: Scramble,
    uuids: Scramble,
    values: sip::SipHasher13,
}

impl Default for Hashing {
    fn default() -> Hashing {
        let random = || RandomState::new().hash_one(0u8);
        Hashing {
            texts: sip128::SipHasher13::new_with_keys(random(), random()),
            numbers: Scramble([random(), random(), random()]),
            uuids: Scramble([random(), random(), random()]),
            values: sip::SipHasher13::new_with_keys(random(), random()),
        }
    }
}

impl Hashing {
    pub fn name<'a>(&self, text: &'a str) -> Name<'a> {
        let written = match (whole(text), uuid(text)) {
            (Some(number), _) => Written::Whole(number),
            (None, Some(halves)) => Written::Uuid(halves),
            (None, None) => Written::Other,
        };
        let key = match written {
            Written::Whole(number) => self.numbers.of(0, number),
            Written::Uuid([high, low]) => self.uuids.of(high, low),
            Written::Other => {
                let hash = self.texts.hash(text.as_bytes());
                words(hash.h1, hash.h2)
            }
        };
        Name { text, key, written }
    }

    pub fn key(&self, text: &str) -> Key {
        self.name(text).key
    }

    /// What stands for a value; 0 is none.
    pub fn value(&self, text: Option<&str>) -> u64 {
        text.map_or(0, |text| self.values.hash(text.as_bytes()) | 1)
    }
}

/// A keyed way to reorder all numbers of 128 bits, of which none is lost: a Feistel network of four rounds.
#[derive(Debug)]
struct Scramble([u64; 3]);

impl Scramble {
    fn of(&self, high: u64, low: u64) -> Key {
        let Scramble([first, second, third]) = *self;
        let low = low ^ folded(high ^ first, second);
        let high = high ^ folded(low ^ second, third);
        let low = low ^ folded(high ^ third, first);
        let high = high ^ folded(low ^ first, second);
        words(high, low)
    }
}

/// Both halves of a product in one.
pub fn folded(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right | 1);
    (product >> 64) as u64 ^ product as u64
}

fn words(high: u64, low: u64) -> Key {
    [(high >> 32) as u32, high as u32, (low >> 32) as u32, low as u32]
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
    /// A UUID likewise.
    Uuid([u64; 2]),
    Other(Box<str>),
}

impl Text {
    pub fn of(name: &Name<'_>) -> Text {
        match name.written {
            Written::Whole(number) => Text::Whole(number),
            Written::Uuid(halves) => Text::Uuid(halves),
            Written::Other => Text::Other(shown(name.text).into_boxed_str()),
        }
    }

    /// Memory it takes beside itself.
    pub fn bytes(&self) -> usize {
        match self {
            Text::Whole(_) | Text::Uuid(_) => 0,
            Text::Other(text) => text.len(),
        }
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Text::Whole(number) => write!(formatter, "{number}"),
            Text::Uuid([high, low]) => write!(formatter, "{}", uuid::Uuid::from_u64_pair(*high, *low)),
            Text::Other(text) => formatter.write_str(text),
        }
    }
}

/// The number that a text is, where it is written in the one usual way: no sign, no zeros in front.
pub fn whole(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    // Fewer digits than could be too large.
    if bytes.is_empty() || bytes.len() >= 20 || (bytes[0] == b'0' && bytes.len() > 1) {
        return None;
    }
    bytes.iter().try_fold(0u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

/// The value of each hexadecimal digit in small letters; 16 is none.
const DIGITS: [u8; 256] = {
    let mut digits = [16; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};

/// The halves of the UUID that a text is, where it is written in the one usual way: small letters, hyphens.
fn uuid(text: &str) -> Option<[u64; 2]> {
    let bytes: &[u8; 36] = text.as_bytes().try_into().ok()?;
    if [8, 13, 18, 23].iter().any(|place| bytes[*place] != b'-') {
        return None;
    }
    let mut all = 0;
    let mut part = |digits: &[u8]| {
        digits.iter().fold(0u64, |part, byte| {
            let digit = DIGITS[usize::from(*byte)];
            all |= digit;
            part << 4 | u64::from(digit & 15)
        })
    };
    let high = part(&bytes[..8]) << 32 | part(&bytes[9..13]) << 16 | part(&bytes[14..18]);
    let low = part(&bytes[19..23]) << 48 | part(&bytes[24..]);
    (all < 16).then_some([high, low])
}

/// A key as it is shown.
pub fn shown(text: &str) -> String {
    if text.len() <= SHOWN {
        return text.to_owned();
    }
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn only_what_is_written_in_the_usual_way_is_a_number_or_a_uuid() {
        for (text, number) in [
            ("0", Some(0)),
            ("17", Some(17)),
            ("9999999999999999999", Some(9_999_999_999_999_999_999)),
            ("18446744073709551615", None),
            ("017", None),
            ("+1", None),
            ("-1", None),
            ("", None),
            ("1a", None),
            ("１", None),
        ] {
            assert_eq!(whole(text), number, "{text}");
        }
        let usual = "0123abcd-4567-89ef-0123-456789abcdef";
        assert_eq!(uuid(usual), Some([0x0123_abcd_4567_89ef, 0x0123_4567_89ab_cdef]));
        for text in [
            "0123ABCD-4567-89ef-0123-456789abcdef",
            "0123abcd-4567-89ef-0123-456789abcdeg",
            "0123abcd-4567-89ef-0123-456789abcde",
            "0123abcd-4567-89ef-01230456789abcdef",
            "0123abcd45670-89ef-0123-456789abcdef",
        ] {
            assert_eq!(uuid(text), None, "{text}");
        }
        let hashing = Hashing::default();
        for text in ["17", usual, "item 17"] {
            assert_eq!(Text::of(&hashing.name(text)).to_string(), text);
        }
    }

    #[test]
    fn keys_that_are_close_together_are_spread() {
        let hashing = Hashing::default();
        type Make = fn(u32) -> String;
        let makes: [Make; 3] = [
            |item| item.to_string(),
            |item| format!("00000000-0000-1000-8000-{item:012x}"),
            |item| format!("{item:08x}-0000-1000-8000-000000000000"),
        ];
        for make in makes {
            let keys: Vec<Key> = (0..4096).map(|item| hashing.key(&make(item))).collect();
            assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 4096);
            for word in 0..4 {
                // Each byte of 4096 random words takes nearly all of its values.
                for shift in [0, 8, 16, 24] {
                    let values: HashSet<u8> = keys.iter().map(|key| (key[word] >> shift) as u8).collect();
                    assert!(values.len() > 250, "word {word} of {}: {}", make(1), values.len());
                }
            }
        }
    }
}
