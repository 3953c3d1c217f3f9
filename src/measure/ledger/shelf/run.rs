//! A run: entries in order of their keys in a file that nobody changes any more.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Key;
use super::filter::Filter;
use crate::measure::ledger::positioned::Positioned;

/// Entries that are read together to find one.
const PAGE: u64 = 256;

/// Bytes of a key in a file.
const KEY: usize = 16;

/// Entries with `N` bytes beside each key.
#[derive(Debug)]
pub struct Run<const N: usize> {
    file: File,
    count: u64,
    filter: Filter,
    /// The first half of the first key of every page.
    fences: Vec<u64>,
    /// How often what it holds has been merged.
    pub level: u32,
}

impl<const N: usize> Run<N> {
    /// Writes entries, which must come in order, to a file that has no name and goes with the run of it.
    pub fn write(
        folder: &Path,
        level: u32,
        count: u64,
        entries: impl Iterator<Item = io::Result<(Key, [u8; N])>>,
    ) -> io::Result<Run<N>> {
        let mut file = BufWriter::with_capacity(1 << 20, tempfile::tempfile_in(folder)?);
        let mut filter = Filter::new(count);
        let mut fences = Vec::with_capacity(count.div_ceil(PAGE) as usize);
        for (number, entry) in (0..).zip(entries) {
            let (key, payload) = entry?;
            if number % PAGE == 0 {
                fences.push(half(&key));
            }
            filter.insert(&key);
            file.write_all(&to_bytes(&key))?;
            file.write_all(&payload)?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Run { file, count, filter, fences, level })
    }

    /// What stands beside a key.
    pub fn get(&self, key: &Key) -> io::Result<Option<[u8; N]>> {
        if !self.filter.may_hold(key) {
            return Ok(None);
        }
        let wanted = half(key);
        let from = self.fences.partition_point(|fence| *fence < wanted).saturating_sub(1) as u64;
        let to = self.fences.partition_point(|fence| *fence <= wanted) as u64;
        for page in from..to {
            let entries = PAGE.min(self.count - page * PAGE);
            let mut bytes = vec![0; entries as usize * (KEY + N)];
            self.file.read_exact_at(&mut bytes, page * PAGE * (KEY + N) as u64)?;
            let (mut low, mut high) = (0, entries as usize);
            while low < high {
                let middle = (low + high) / 2;
                let (found, payload) = entry(&bytes[middle * (KEY + N)..]);
                match found.cmp(key) {
                    std::cmp::Ordering::Equal => return Ok(Some(payload)),
                    std::cmp::Ordering::Less => low = middle + 1,
                    std::cmp::Ordering::Greater => high = middle,
                }
            }
        }
        Ok(None)
    }

    /// All entries in order.
    fn entries(&self) -> Entries<'_, N> {
        Entries { file: BufReader::with_capacity(1 << 20, Positioned::new(&self.file)), left: self.count }
    }

    /// Memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        self.filter.bytes() + self.fences.capacity() * size_of::<u64>()
    }
}

/// Joins runs into one of the next level. No two may hold the same key.
pub fn merge<const N: usize>(folder: &Path, runs: &[std::sync::Arc<Run<N>>]) -> io::Result<Run<N>> {
    let level = runs.iter().map(|run| run.level).max().unwrap_or(0) + 1;
    let count = runs.iter().map(|run| run.count).sum();
    let mut sources: Vec<_> = runs.iter().map(|run| run.entries()).collect();
    let mut heads = Vec::with_capacity(sources.len());
    for source in &mut sources {
        heads.push(source.next().transpose()?);
    }
    let merged = std::iter::from_fn(|| {
        let least =
            (0..heads.len()).filter(|index| heads[*index].is_some()).min_by_key(|index| heads[*index])?;
        let next = match sources[least].next().transpose() {
            Ok(next) => next,
            Err(error) => return Some(Err(error)),
        };
        std::mem::replace(&mut heads[least], next).map(Ok)
    });
    Run::write(folder, level, count, merged)
}

struct Entries<'a, const N: usize> {
    file: BufReader<Positioned<'a>>,
    left: u64,
}

impl<const N: usize> Iterator for Entries<'_, N> {
    type Item = io::Result<(Key, [u8; N])>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let (mut key, mut payload) = ([0; KEY], [0; N]);
        let read = self.file.read_exact(&mut key).and_then(|()| self.file.read_exact(&mut payload));
        Some(read.map(|()| (from_bytes(&key), payload)))
    }
}

fn half(key: &Key) -> u64 {
    u64::from(key[0]) << 32 | u64::from(key[1])
}

/// In an order in which bytes compare as keys do.
pub fn to_bytes(key: &Key) -> [u8; KEY] {
    let mut bytes = [0; KEY];
    for (place, part) in bytes.chunks_exact_mut(4).zip(key) {
        place.copy_from_slice(&part.to_be_bytes());
    }
    bytes
}

pub fn from_bytes(bytes: &[u8; KEY]) -> Key {
    let mut key = Key::default();
    for (part, place) in key.iter_mut().zip(bytes.chunks_exact(4)) {
        *part = place.iter().fold(0, |part, byte| part << 8 | u32::from(*byte));
    }
    key
}

fn entry<const N: usize>(bytes: &[u8]) -> (Key, [u8; N]) {
    let (mut key, mut payload) = ([0; KEY], [0; N]);
    key.copy_from_slice(&bytes[..KEY]);
    payload.copy_from_slice(&bytes[KEY..KEY + N]);
    (from_bytes(&key), payload)
}
