//! Whole numbers that lie close together: one bit each, and their values in a file.
//!
//! A number belongs to a block of 65,536. A block is made only while there is one for 4,096 numbers or more, so that
//! numbers which lie far apart do not take two bits' worth of a page each; what finds no block is kept elsewhere.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::keys::folded;

const BLOCK: u64 = 1 << 16;

/// Numbers for each block beyond the first few.
const FILLED: u64 = 4_096;

/// Blocks that may be made before anything is known.
const FIRST_BLOCKS: u64 = 64;

/// Blocks whose values are still in memory (256 KiB each).
const OPEN: usize = 32;

/// What stands for values takes so many bytes.
const VALUE: u64 = 4;

type Bits = Box<[u64; BLOCK as usize / 64]>;
type Values = Box<[u32]>;

/// A set of whole numbers with a value each.
#[derive(Debug)]
pub struct Dense {
    folder: PathBuf,
    blocks: Vec<Block>,
    /// Where the block of a number stands.
    index: HashMap<u64, usize, BuildHasherDefault<Folded>>,
    /// The block that was found last, and where it stands: numbers that follow each other lie in one.
    found: Cell<(u64, usize)>,
    count: u64,
    /// The blocks with values in memory, oldest first.
    open: Vec<(u64, Values)>,
    file: Option<File>,
    places: u64,
}

#[derive(Debug)]
struct Block {
    bits: Bits,
    /// Where its values are in the file; none where no number of it ever had one.
    place: Option<u64>,
}

/// For the numbers of blocks, of which there is one for thousands of items: a product is enough to spread them.
#[derive(Debug, Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0 ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = folded(number, 0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Dense {
    pub fn new(folder: &Path) -> Dense {
        Dense {
            folder: folder.to_path_buf(),
            blocks: Vec::new(),
            index: HashMap::default(),
            found: Cell::new((u64::MAX, 0)),
            count: 0,
            open: Vec::new(),
            file: None,
            places: 0,
        }
    }

    /// Takes in a number that it does not hold yet; false where there is no block for it. A value of 0 is none.
    pub fn insert(&mut self, number: u64, value: u32) -> io::Result<bool> {
        let (block, at) = (number / BLOCK, number % BLOCK);
        let known = self.find(block);
        if known.is_none() && self.blocks.len() as u64 >= FIRST_BLOCKS + self.count / FILLED {
            return Ok(false);
        }
        let held = match known {
            Some(held) => held,
            None => {
                self.blocks.push(Block { bits: Box::new([0; BLOCK as usize / 64]), place: None });
                self.index.insert(block, self.blocks.len() - 1);
                self.blocks.len() - 1
            }
        };
        let held = &mut self.blocks[held];
        held.bits[(at / 64) as usize] |= 1 << (at % 64);
        let place = held.place;
        self.count += 1;
        if value != 0 {
            self.keep(block, place, at, value)?;
        }
        Ok(true)
    }

    /// Where the block of this number stands.
    fn find(&self, block: u64) -> Option<usize> {
        let (last, held) = self.found.get();
        if last == block {
            return Some(held);
        }
        let held = *self.index.get(&block)?;
        self.found.set((block, held));
        Some(held)
    }

    fn keep(&mut self, block: u64, place: Option<u64>, at: u64, value: u32) -> io::Result<()> {
        if let Some((_, values)) = self.open.iter_mut().rev().find(|(open, _)| *open == block) {
            values[at as usize] = value;
            return Ok(());
        }
        if let Some(place) = place {
            // It was written already; what comes late is written by itself.
            let offset = (place * BLOCK + at) * VALUE;
            return self.file()?.write_all_at(&value.to_le_bytes(), offset);
        }
        if self.open.len() == OPEN {
            let (oldest, values) = self.open.remove(0);
            self.write(oldest, &values)?;
        }
        let mut values: Values = vec![0; BLOCK as usize].into();
        values[at as usize] = value;
        self.open.push((block, values));
        if let Some(held) = self.find(block) {
            self.blocks[held].place = Some(self.places);
            self.places += 1;
        }
        Ok(())
    }

    fn write(&mut self, block: u64, values: &[u32]) -> io::Result<()> {
        let Some(place) = self.find(block).and_then(|held| self.blocks[held].place) else { return Ok(()) };
        let mut bytes = vec![0; values.len() * VALUE as usize];
        for (place, value) in bytes.chunks_exact_mut(VALUE as usize).zip(values) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        self.file()?.write_all_at(&bytes, place * BLOCK * VALUE)
    }

    fn file(&mut self) -> io::Result<&File> {
        if self.file.is_none() {
            self.file = Some(tempfile::tempfile_in(&self.folder)?);
        }
        self.file.as_ref().ok_or_else(|| io::Error::other("there is no file"))
    }

    /// The value of a number that it holds.
    pub fn get(&self, number: u64) -> io::Result<Option<u32>> {
        let (block, at) = (number / BLOCK, number % BLOCK);
        let Some(held) = self.find(block).map(|held| &self.blocks[held]) else { return Ok(None) };
        if held.bits[(at / 64) as usize] & 1 << (at % 64) == 0 {
            return Ok(None);
        }
        if let Some((_, values)) = self.open.iter().rev().find(|(open, _)| *open == block) {
            return Ok(Some(values[at as usize]));
        }
        let (Some(place), Some(file)) = (held.place, &self.file) else { return Ok(Some(0)) };
        let mut value = [0; VALUE as usize];
        file.read_exact_at(&mut value, (place * BLOCK + at) * VALUE)?;
        Ok(Some(u32::from_le_bytes(value)))
    }

    /// Whether it holds a number.
    pub fn contains(&self, number: u64) -> bool {
        let at = number % BLOCK;
        self.find(number / BLOCK)
            .is_some_and(|held| self.blocks[held].bits[(at / 64) as usize] & 1 << (at % 64) != 0)
    }

    /// Memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        self.blocks.len() * (size_of::<Block>() + size_of::<(u64, usize)>() + 1 + (BLOCK / 8) as usize)
            + self.open.len() * (BLOCK * VALUE) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_values_are_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut dense = Dense::new(folder.path());
        // In order, then a block that was written already, then a value for a number in a block without any.
        let numbers = || (0..3_000_000u64).filter(|number| number % 7 != 3);
        for number in numbers() {
            assert!(dense.insert(number, number as u32 % 1000).unwrap());
        }
        assert!(dense.insert(3, 77).unwrap());
        for number in numbers().step_by(331) {
            assert_eq!(dense.get(number).unwrap(), Some(number as u32 % 1000), "{number}");
        }
        assert_eq!((dense.get(3).unwrap(), dense.get(10).unwrap()), (Some(77), None));
        assert!(dense.bytes() < 10_000_000, "{}", dense.bytes());
    }

    #[test]
    fn numbers_far_apart_find_no_block() {
        let folder = tempfile::tempdir().unwrap();
        let mut dense = Dense::new(folder.path());
        let taken = (0..100_000u64).filter(|number| dense.insert(number * BLOCK, 0).unwrap()).count();
        assert_eq!(taken as u64, FIRST_BLOCKS);
    }
}
