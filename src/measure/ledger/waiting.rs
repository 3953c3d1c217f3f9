//! Items that wait for their other half: sent and not received, or received and not sent.
//!
//! They are few as long as all goes well, and stand in a table. When there are too many, those that wait longest go to
//! disk: what is needed to match them to a [`Shelf`], their texts to a log in the order of time. What is matched
//! then is not taken out there; it is among the settled, and that is how it is known.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::keys::{Key, Name, Plain, Text};
use super::positioned::Positioned;
use super::shelf::{Shelf, from_bytes, to_bytes};
use crate::lang::moment::Moment;

/// Items in the table: as many as 2²⁰ slots take.
const TABLE: usize = (1 << 20) / 8 * 7;

/// When an item came or was sent, and what stands for its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Half {
    pub at: Moment,
    pub value: u64,
}

/// All that wait on one side.
#[derive(Debug)]
pub struct Waiting {
    folder: PathBuf,
    most: usize,
    table: HashMap<Key, (Half, Text), Plain>,
    spilled: Option<Spilled>,
}

#[derive(Debug)]
struct Spilled {
    halves: Shelf<16>,
    log: BufWriter<File>,
    /// Of them, how many have been matched since.
    matched: u64,
}

impl Waiting {
    pub fn new(folder: &Path) -> Waiting {
        Waiting::with_table_of(TABLE, folder)
    }

    pub fn with_table_of(most: usize, folder: &Path) -> Waiting {
        Waiting { folder: folder.to_path_buf(), most, table: HashMap::default(), spilled: None }
    }

    /// Takes in an item that waits nowhere yet.
    pub fn insert(&mut self, name: &Name<'_>, half: Half) -> io::Result<()> {
        if self.table.len() >= self.most {
            self.spill()?;
        }
        self.table.insert(name.key, (half, Text::of(name)));
        Ok(())
    }

    /// Whether an item waits in the table.
    pub fn is_at_hand(&self, key: &Key) -> bool {
        self.table.contains_key(key)
    }

    /// Takes an item out of the table.
    pub fn take_at_hand(&mut self, key: &Key) -> Option<Half> {
        self.table.remove(key).map(|(half, _)| half)
    }

    /// An item that waits on disk; it must not be settled.
    pub fn find_spilled(&self, key: &Key) -> io::Result<Option<Half>> {
        let Some(spilled) = &self.spilled else { return Ok(None) };
        Ok(spilled.halves.get(key)?.map(|bytes| {
            let number =
                |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
            Half { at: Moment(number(&bytes[..8])), value: number(&bytes[8..]) }
        }))
    }

    /// An item that waits on disk has been matched; from now on it is settled.
    pub fn matched_spilled(&mut self) {
        if let Some(spilled) = &mut self.spilled {
            spilled.matched += 1;
        }
    }

    /// Puts the half that waits longest on disk.
    fn spill(&mut self) -> io::Result<()> {
        let mut moments: Vec<Moment> = self.table.values().map(|(half, _)| half.at).collect();
        let middle = moments.len() / 2;
        let (_, median, _) = moments.select_nth_unstable(middle);
        let median = *median;
        let mut old: Vec<(Moment, Key)> = Vec::with_capacity(middle + 1);
        old.extend(
            self.table
                .iter()
                .filter(|(_, (half, _))| half.at <= median)
                .map(|(key, (half, _))| (half.at, *key)),
        );
        old.sort_unstable();
        if self.spilled.is_none() {
            let log = BufWriter::new(tempfile::tempfile_in(&self.folder)?);
            self.spilled = Some(Spilled { halves: Shelf::new(self.folder.clone()), log, matched: 0 });
        }
        let Some(spilled) = &mut self.spilled else { return Ok(()) };
        for (_, key) in old {
            let Some((half, text)) = self.table.remove(&key) else { continue };
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&half.at.0.to_le_bytes());
            bytes[8..].copy_from_slice(&half.value.to_le_bytes());
            spilled.halves.insert(key, bytes)?;
            write(&mut spilled.log, &key, half.at, &text.to_string())?;
        }
        Ok(())
    }

    /// The texts of the first of them in time. `settled` tells which of those on disk do not wait any more.
    pub fn first(
        &self,
        count: usize,
        settled: impl Fn(&Key, &str) -> io::Result<bool>,
    ) -> io::Result<Vec<String>> {
        let mut found: Vec<(Moment, String)> = Vec::new();
        if let Some(spilled) = &self.spilled
            && spilled.halves.len() > spilled.matched
        {
            // What is still in the buffer comes behind what is in the file.
            let file = Positioned::new(spilled.log.get_ref());
            let mut log = BufReader::new(file.chain(spilled.log.buffer()));
            while found.len() < count
                && let Some((key, at, text)) = read(&mut log)?
            {
                if !settled(&key, &text)? {
                    found.push((at, text));
                }
            }
        }
        let mut table: Vec<(Moment, &Text)> =
            self.table.values().map(|(half, text)| (half.at, text)).collect();
        if table.len() > count {
            table.select_nth_unstable_by_key(count, |(at, _)| *at);
            table.truncate(count);
        }
        found.extend(table.into_iter().map(|(at, text)| (at, text.to_string())));
        found.sort();
        found.truncate(count);
        Ok(found.into_iter().map(|(_, text)| text).collect())
    }

    /// Memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        let slot = size_of::<(Key, (Half, Text))>() + 1;
        let texts: usize = self.table.values().map(|(_, text)| text.bytes()).sum();
        self.table.capacity() * 8 / 7 * slot
            + texts
            + self.spilled.as_ref().map_or(0, |spilled| spilled.halves.bytes())
    }
}

/// A record of the log: key, moment, length of the text, text.
fn write(log: &mut impl Write, key: &Key, at: Moment, text: &str) -> io::Result<()> {
    log.write_all(&to_bytes(key))?;
    log.write_all(&at.0.to_le_bytes())?;
    log.write_all(&(text.len() as u32).to_le_bytes())?;
    log.write_all(text.as_bytes())
}

fn read(log: &mut impl BufRead) -> io::Result<Option<(Key, Moment, String)>> {
    if log.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let (mut key, mut at, mut length) = ([0; 16], [0; 8], [0; 4]);
    log.read_exact(&mut key)?;
    log.read_exact(&mut at)?;
    log.read_exact(&mut length)?;
    let mut text = vec![0; u32::from_le_bytes(length) as usize];
    log.read_exact(&mut text)?;
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    Ok(Some((from_bytes(&key), Moment(u64::from_le_bytes(at)), text)))
}
