//! What is new in an answer that holds everything, or everything that is recent: each row that stands there more often
//! than in the answer before has come, unless one of the same key has gone, which was changed then.

use std::collections::HashMap;
use std::fmt::Write;

use super::{Doubt, Item, Look};
use crate::measure::ledger::keys::{Hashing, Key, Plain};

/// A row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The item that it is.
    pub item: Item,
    /// What tells it from another row of the same item, where there is something.
    pub place: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// Of the item's key.
    key: Key,
    count: u32,
}

type Answer = HashMap<Key, Known, Plain>;

/// The answer that the next one is compared with.
#[derive(Debug, Default)]
pub struct Comparison {
    hashing: Hashing,
    known: Answer,
    begun: bool,
    /// A row as one text, to be hashed.
    text: String,
}

impl Comparison {
    /// Takes in the next answer. Of the first, whatever it holds was there before.
    pub fn next(&mut self, rows: Vec<Row>) -> Look {
        let first = !std::mem::replace(&mut self.begun, true);
        let mut now = Answer::with_capacity_and_hasher(rows.len(), Plain::default());
        let mut new: Vec<(Key, Item)> = Vec::new();
        for row in rows {
            let (key, whole) = (self.hashing.key(&row.item.key), self.whole(&row));
            let seen = now.entry(whole).or_insert(Known { key, count: 0 });
            seen.count += 1;
            if self.known.get(&whole).map_or(0, |known| known.count) < seen.count {
                new.push((key, row.item));
            }
        }
        let replaced = !self.known.is_empty() && !self.known.keys().any(|row| now.contains_key(row));
        let before = std::mem::replace(&mut self.known, now);
        if first {
            return Look::default();
        }
        let mut look = Look { doubt: replaced.then_some(Doubt::Replaced), ..Look::default() };
        let mut gone = if new.is_empty() { HashMap::default() } else { self.gone(&before) };
        for (key, item) in new {
            match gone.get_mut(&key).filter(|count| **count > 0) {
                Some(count) => {
                    *count -= 1;
                    look.changed.push(item);
                }
                None => look.received.push(item),
            }
        }
        look
    }

    /// What stands for a whole row.
    fn whole(&mut self, row: &Row) -> Key {
        self.text.clear();
        for part in [Some(&row.item.key), row.item.value.as_ref(), row.place.as_ref()] {
            // With its length in front, no part can pass for another.
            let written = match part {
                Some(part) => write!(self.text, "{}:{part}", part.len()),
                None => write!(self.text, "-"),
            };
            written.expect("a text takes everything");
        }
        self.hashing.key(&self.text)
    }

    /// How many rows of each key are not there any more.
    fn gone(&self, before: &Answer) -> HashMap<Key, u32, Plain> {
        let mut gone = HashMap::default();
        for (row, known) in before {
            let left = self.known.get(row).map_or(0, |now| now.count);
            if left < known.count {
                *gone.entry(known.key).or_insert(0) += known.count - left;
            }
        }
        gone
    }

    /// Whether an answer was taken in already.
    pub fn begun(&self) -> bool {
        self.begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Row> {
        let row = |word: &str| {
            let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
            let item = Item { key: key.into(), value: value.map(str::to_owned) };
            Row { item, place: None }
        };
        text.split_whitespace().map(row).collect()
    }

    fn keys(items: &[Item]) -> String {
        let words = items.iter().map(|item| match &item.value {
            Some(value) => format!("{}={value}", item.key),
            None => item.key.clone(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_new_is_told_once() {
        // Answers, and behind each what was received and what was changed.
        let stories: &[&[(&str, &str, &str)]] = &[
            &[("a b", "", ""), ("a b c", "c", ""), ("a b c", "", "")],
            &[("", "", ""), ("a a", "a a", ""), ("a a a", "a", "")],
            &[("a", "", ""), ("a a", "a", ""), ("a", "", ""), ("a a", "a", "")],
            &[("a=1", "", ""), ("a=2", "", "a=2"), ("a=2 a=1", "a=1", "")],
            &[("a=1 b=1", "", ""), ("b=1 a=3 c=1", "c=1", "a=3")],
        ];
        for story in stories {
            let mut comparison = Comparison::default();
            for (answer, received, changed) in *story {
                let look = comparison.next(rows(answer));
                assert_eq!(
                    (keys(&look.received).as_str(), keys(&look.changed).as_str()),
                    (*received, *changed)
                );
            }
        }
    }

    #[test]
    fn an_answer_with_nothing_of_the_one_before_is_doubted() {
        let mut comparison = Comparison::default();
        comparison.next(rows("a b"));
        assert_eq!(comparison.next(rows("b c")).doubt, None);
        assert_eq!(comparison.next(rows("d e")).doubt, Some(Doubt::Replaced));
        assert_eq!(comparison.next(rows("")).doubt, Some(Doubt::Replaced));
        assert_eq!(comparison.next(rows("f")).doubt, None);
    }
}
