//! The items that were both sent and received: only needed to know one again that comes once more.

use std::io;
use std::path::Path;

use super::dense::Dense;
use super::keys::{Key, Name};
use super::shelf::Shelf;

/// All of them, each with what stands for its value.
#[derive(Debug)]
pub struct Settled {
    numbers: Dense,
    others: Shelf<4>,
}

impl Settled {
    pub fn new(folder: &Path) -> Settled {
        Settled { numbers: Dense::new(folder), others: Shelf::new(folder.to_path_buf()) }
    }

    /// The same, with little of it in memory.
    #[cfg(test)]
    pub fn with_tables_of(most: usize, folder: &Path) -> Settled {
        let others = Shelf::with_tables_of(most, folder.to_path_buf());
        Settled { numbers: Dense::new(folder), others }
    }

    /// Takes in an item that is not among them.
    pub fn insert(&mut self, name: &Name<'_>, value: u64) -> io::Result<()> {
        let value = value as u32;
        match name.whole() {
            Some(number) if self.numbers.insert(number, value)? => Ok(()),
            _ => self.others.insert(name.key, value.to_le_bytes()),
        }
    }

    /// What stands for the value of an item, where the item is among them; 0 where it had none.
    pub fn get(&self, name: &Name<'_>) -> io::Result<Option<u32>> {
        if let Some(number) = name.whole()
            && let Some(value) = self.numbers.get(number)?
        {
            return Ok(Some(value));
        }
        Ok(self.others.get(&name.key)?.map(u32::from_le_bytes))
    }

    /// Whether an item is among them.
    pub fn contains(&self, key: &Key, whole: Option<u64>) -> io::Result<bool> {
        if whole.is_some_and(|number| self.numbers.contains(number)) {
            return Ok(true);
        }
        Ok(self.others.len() > 0 && self.others.get(key)?.is_some())
    }

    /// Memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        self.numbers.bytes() + self.others.bytes()
    }
}
