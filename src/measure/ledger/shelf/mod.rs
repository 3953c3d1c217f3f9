//! A set of keys with a few bytes beside each that outgrows memory: a log-structured merge tree (O'Neil et al., 1996).
//!
//! What is new stands in a table. A full table is written to a run in order; once there are several runs of one size, they
//! are merged into a larger one. Both is done beside the caller, who meanwhile finds everything where it was. In
//! memory stay the newest entries and two bytes for each of the others.

mod filter;
mod run;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::keys::{Key, Plain};
use run::Run;
pub use run::{from_bytes, to_bytes};

/// Entries of a table: as many as 2²⁰ slots take.
const TABLE: usize = (1 << 20) / 8 * 7;

/// Runs of one size that are merged.
const MERGED: usize = 8;

/// Full tables that may wait to be written; then the caller waits for the disk.
const WAITING: usize = 4;

type Table<const N: usize> = HashMap<Key, [u8; N], Plain>;

/// What was done beside the caller.
#[derive(Debug)]
enum Done<const N: usize> {
    Written(Run<N>),
    Merged(Run<N>, u32),
}

/// The set.
#[derive(Debug)]
pub struct Shelf<const N: usize> {
    folder: PathBuf,
    most: usize,
    table: Table<N>,
    /// Full tables, the first of which is being written.
    full: VecDeque<Arc<Table<N>>>,
    runs: Vec<Arc<Run<N>>>,
    merging: bool,
    done: (Sender<io::Result<Done<N>>>, Receiver<io::Result<Done<N>>>),
    count: u64,
}

impl<const N: usize> Shelf<N> {
    /// An empty one, whose files will lie in `folder` without names.
    pub fn new(folder: PathBuf) -> Shelf<N> {
        Shelf::with_tables_of(TABLE, folder)
    }

    /// The same with smaller tables.
    pub fn with_tables_of(most: usize, folder: PathBuf) -> Shelf<N> {
        Shelf {
            folder,
            most,
            table: Table::default(),
            full: VecDeque::new(),
            runs: Vec::new(),
            merging: false,
            done: channel(),
            count: 0,
        }
    }

    /// How many keys it holds.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Takes in a key that it does not hold yet.
    ///
    /// # Errors
    /// When something that was taken in before cannot be written.
    pub fn insert(&mut self, key: Key, payload: [u8; N]) -> io::Result<()> {
        self.table.insert(key, payload);
        self.count += 1;
        if self.table.len() >= self.most {
            self.set_aside()?;
        }
        Ok(())
    }

    /// What stands beside a key.
    ///
    /// # Errors
    /// When a run cannot be read.
    pub fn get(&self, key: &Key) -> io::Result<Option<[u8; N]>> {
        let in_memory = std::iter::once(&self.table).chain(self.full.iter().map(|table| &**table));
        if let Some(payload) = in_memory.filter_map(|table| table.get(key)).next() {
            return Ok(Some(*payload));
        }
        for run in &self.runs {
            if let Some(payload) = run.get(key)? {
                return Ok(Some(payload));
            }
        }
        Ok(None)
    }

    fn set_aside(&mut self) -> io::Result<()> {
        while let Ok(done) = self.done.1.try_recv() {
            self.take(done?)?;
        }
        let full = Arc::new(std::mem::take(&mut self.table));
        self.full.push_back(full);
        if self.full.len() == 1 {
            self.write_next()?;
        }
        while self.full.len() > WAITING {
            let done = self.done.1.recv().map_err(io::Error::other)?;
            self.take(done?)?;
        }
        Ok(())
    }

    fn take(&mut self, done: Done<N>) -> io::Result<()> {
        match done {
            Done::Written(run) => {
                self.runs.push(Arc::new(run));
                self.full.pop_front();
                self.write_next()?;
            }
            Done::Merged(run, level) => {
                // Those of the level that came meanwhile stand behind.
                let mut merged = 0;
                self.runs.retain(|run| {
                    let gone = run.level == level && merged < MERGED;
                    merged += usize::from(gone);
                    !gone
                });
                self.runs.push(Arc::new(run));
                self.merging = false;
            }
        }
        self.merge_next()
    }

    fn beside(&self, work: impl FnOnce() -> io::Result<Done<N>> + Send + 'static) -> io::Result<()> {
        let done = self.done.0.clone();
        let work = move || {
            // Nobody waits for it any more once the set is gone.
            let _ = done.send(work());
        };
        std::thread::Builder::new().name("soak-ledger".into()).spawn(work).map(drop)
    }

    fn write_next(&self) -> io::Result<()> {
        let Some(table) = self.full.front().map(Arc::clone) else { return Ok(()) };
        let folder = self.folder.clone();
        self.beside(move || {
            let mut entries: Vec<(Key, [u8; N])> =
                table.iter().map(|(key, payload)| (*key, *payload)).collect();
            entries.sort_unstable();
            let count = entries.len() as u64;
            Run::write(&folder, 0, count, entries.into_iter().map(Ok)).map(Done::Written)
        })
    }

    fn merge_next(&mut self) -> io::Result<()> {
        let levels = self.runs.iter().map(|run| run.level).max().unwrap_or(0);
        let of_level = |level: u32| self.runs.iter().filter(move |run| run.level == level);
        let Some(level) = (0..=levels).find(|level| of_level(*level).count() >= MERGED) else {
            return Ok(());
        };
        if self.merging {
            return Ok(());
        }
        let runs: Vec<Arc<Run<N>>> = of_level(level).take(MERGED).cloned().collect();
        let folder = self.folder.clone();
        self.merging = true;
        self.beside(move || Ok(Done::Merged(run::merge(&folder, &runs)?, level)))
    }

    /// Memory taken, in bytes.
    pub fn bytes(&self) -> usize {
        let slot = size_of::<(Key, [u8; N])>() + 1;
        let tables = std::iter::once(&self.table).chain(self.full.iter().map(|table| &**table));
        let tables: usize = tables.map(|table| table.capacity() * 8 / 7 * slot).sum();
        tables + self.runs.iter().map(|run| run.bytes()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_in_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf: Shelf<4> = Shelf::with_tables_of(100, folder.path().to_path_buf());
        let key = |item: u32| [item.wrapping_mul(0x9E37_79B9), item, !item, item.rotate_left(9)];
        for item in 0..30_000u32 {
            assert_eq!(shelf.get(&key(item)).unwrap(), None, "{item}");
            shelf.insert(key(item), item.to_le_bytes()).unwrap();
        }
        for item in 0..30_000u32 {
            assert_eq!(shelf.get(&key(item)).unwrap(), Some(item.to_le_bytes()), "{item}");
        }
        assert_eq!(shelf.len(), 30_000);
        assert!(shelf.runs.len() < 40, "{} runs", shelf.runs.len());
        assert!(shelf.runs.iter().any(|run| run.level >= 2));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file has a name");
    }

    #[test]
    fn a_folder_that_takes_no_files_is_an_error_and_no_loss_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf: Shelf<0> = Shelf::with_tables_of(10, folder.path().join("not there"));
        let inserted: Result<(), io::Error> =
            (0..1000u32).try_for_each(|item| shelf.insert([item, 0, 0, 0], []));
        assert!(inserted.is_err());
    }
}
