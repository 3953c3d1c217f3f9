//! What is written and not synced: for each such file how long it was and what its pages held when it last was, so that a
//! power cut can be played.
//!
//! What waits is bounded, as a kernel's own is: what waits longest then counts as written.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What files held is kept in pieces of this length.
const PAGE: u64 = 4096;
/// What a disk writes at once, whole or not at all.
const SECTOR: u64 = 512;
/// So many bytes of it are kept in memory.
const MOST_BYTES: u64 = 256 << 20;
/// So many files wait.
const MOST_FILES: usize = 200_000;
/// What a file that waits takes of memory beside its pages, about.
const BYTES_A_FILE: u64 = 256;

/// What became of one file in a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Forgotten {
    /// Bytes that were written and are gone.
    pub bytes: u64,
    /// Bytes that were not synced and are there all the same.
    pub stayed: u64,
}

/// What is in a file, as far as a power cut is concerned.
#[derive(Default)]
pub(super) struct Content(Mutex<Option<Unsynced>>);

struct Unsynced {
    /// Its place among those that wait.
    turn: u64,
    /// How long the file is on the disk.
    length: u64,
    /// What is on the disk and was written over since.
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl Unsynced {
    fn weight(&self) -> u64 {
        BYTES_A_FILE + self.pages.values().map(|page| page.len() as u64).sum::<u64>()
    }

    /// Keeps what a range of the file holds.
    fn keep(&mut self, file: &File, offset: u64, length: u64) -> io::Result<()> {
        let end = offset.saturating_add(length).min(self.length);
        if offset >= end {
            return Ok(());
        }
        for page in offset / PAGE..end.div_ceil(PAGE) {
            if !self.pages.contains_key(&page) {
                let mut held = vec![0; (self.length - page * PAGE).min(PAGE) as usize];
                file.read_exact_at(&mut held, page * PAGE)?;
                self.pages.insert(page, held.into());
            }
        }
        Ok(())
    }
}

/// All that waits, the longest first.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Order>);

#[derive(Default)]
struct Order {
    next: u64,
    bytes: u64,
    /// How many were let go because there were too many.
    written_back: u64,
    queue: BTreeMap<u64, (u64, Arc<Content>)>,
}

impl Waiting {
    fn order(&self) -> MutexGuard<'_, Order> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that waits, with its node.
    pub fn all(&self) -> Vec<(u64, Arc<Content>)> {
        self.order().queue.values().cloned().collect()
    }

    /// How many files had to be let go because too much waited.
    pub fn written_back(&self) -> u64 {
        self.order().written_back
    }

    fn add(&self, node: u64, content: &Arc<Content>) -> u64 {
        let mut order = self.order();
        order.next += 1;
        let turn = order.next;
        order.queue.insert(turn, (node, Arc::clone(content)));
        order.bytes += BYTES_A_FILE;
        turn
    }

    fn grown(&self, bytes: u64) {
        self.order().bytes += bytes;
    }

    fn remove(&self, gone: &Unsynced) {
        let mut order = self.order();
        order.queue.remove(&gone.turn);
        order.bytes = order.bytes.saturating_sub(gone.weight());
    }

    /// Takes what waits longest for written, as long as too much does; gives the nodes of these.
    pub fn relieve(&self) -> Vec<u64> {
        let mut relieved = Vec::new();
        loop {
            let oldest = {
                let order = self.order();
                let too_much = order.bytes > MOST_BYTES || order.queue.len() > MOST_FILES;
                order.queue.first_key_value().filter(|_| too_much).map(|(_, oldest)| oldest.clone())
            };
            let Some((node, content)) = oldest else { return relieved };
            if content.synced(self) {
                self.order().written_back += 1;
                relieved.push(node);
            }
        }
    }
}

impl Content {
    fn state(&self) -> MutexGuard<'_, Option<Unsynced>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something of it waits.
    pub fn is_unsynced(&self) -> bool {
        self.state().is_some()
    }

    /// Changes a range of a file, whose content this is, or lets it grow. Nobody else changes it meanwhile.
    ///
    /// # Errors
    /// Where what it holds cannot be kept; nothing is changed then.
    pub fn change<Output>(
        self: &Arc<Self>,
        waiting: &Waiting,
        (node, file): (u64, &File),
        (offset, length): (u64, u64),
        change: impl FnOnce() -> io::Result<Output>,
    ) -> io::Result<Output> {
        let mut state = self.state();
        let unsynced = match &mut *state {
            Some(unsynced) => unsynced,
            None => {
                let length = file.metadata()?.len();
                let turn = waiting.add(node, self);
                state.insert(Unsynced { turn, length, pages: BTreeMap::new() })
            }
        };
        let before = unsynced.weight();
        let kept = unsynced.keep(file, offset, length);
        waiting.grown(unsynced.weight() - before);
        kept?;
        change()
    }

    /// Makes the file shorter, which counts at once.
    pub fn shorten<Output>(
        &self,
        waiting: &Waiting,
        to: u64,
        shorten: impl FnOnce() -> io::Result<Output>,
    ) -> io::Result<Output> {
        let mut state = self.state();
        let output = shorten()?;
        if let Some(unsynced) = &mut *state {
            let before = unsynced.weight();
            unsynced.length = unsynced.length.min(to);
            unsynced.pages.split_off(&to.div_ceil(PAGE));
            let mut order = waiting.order();
            order.bytes = order.bytes.saturating_sub(before - unsynced.weight());
        }
        Ok(output)
    }

    /// What is in it counts from now on. Tells whether something had waited.
    pub fn synced(&self, waiting: &Waiting) -> bool {
        let mut state = self.state();
        let Some(gone) = state.take() else { return false };
        waiting.remove(&gone);
        true
    }

    /// Puts a file back to what it was when it was last synced; where `torn` draws, only about half of it, sector by sector.
    ///
    /// # Errors
    /// What the file system below says.
    pub fn lose(
        &self,
        waiting: &Waiting,
        file: &File,
        mut torn: Option<&mut ChaCha8Rng>,
    ) -> io::Result<Forgotten> {
        let mut state = self.state();
        let Some(gone) = state.take() else { return Ok(Forgotten::default()) };
        waiting.remove(&gone);
        let length = file.metadata()?.len();
        let mut forgotten = Forgotten::default();
        let grown = length.saturating_sub(gone.length);
        let stays = torn.as_deref_mut().map_or(0, |random| {
            // How far the file had grown on the disk: names and lengths are written there one after the other.
            let sectors = grown.div_ceil(SECTOR);
            (random.random_range(0..=sectors) * SECTOR).min(grown)
        });
        file.set_len(gone.length + stays)?;
        forgotten.bytes += grown - stays;
        let mut fate = |offset: u64, held: &[u8]| -> io::Result<()> {
            let mut at = 0;
            while at < held.len() {
                // Up to the next border between two sectors.
                let here = offset + at as u64;
                let end = held.len().min(at + (SECTOR - here % SECTOR) as usize);
                if torn.as_deref_mut().is_some_and(|random| random.random_bool(0.5)) {
                    forgotten.stayed += (end - at) as u64;
                } else {
                    file.write_all_at(&held[at..end], here)?;
                    forgotten.bytes += (end - at) as u64;
                }
                at = end;
            }
            Ok(())
        };
        for (page, held) in &gone.pages {
            let end = gone.length.saturating_sub(page * PAGE).min(held.len() as u64);
            fate(page * PAGE, &held[..end as usize])?;
        }
        // What a file has grown by and was not written reads as zeros.
        let zeros = [0; PAGE as usize];
        let mut at = gone.length;
        while at < gone.length + stays {
            let piece = (gone.length + stays - at).min(PAGE);
            fate(at, &zeros[..piece as usize])?;
            at += piece;
        }
        Ok(forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    struct Written {
        file: File,
        content: Arc<Content>,
        waiting: Waiting,
    }

    impl Written {
        fn new() -> Written {
            let file = tempfile::tempfile().unwrap();
            Written { file, content: Arc::default(), waiting: Waiting::default() }
        }

        fn write(&self, bytes: &[u8], offset: u64) {
            let write = || self.file.write_all_at(bytes, offset);
            let range = (offset, bytes.len() as u64);
            self.content.change(&self.waiting, (1, &self.file), range, write).unwrap();
        }

        fn sync(&self) {
            self.content.synced(&self.waiting);
        }

        fn shorten(&self, to: u64) {
            self.content.shorten(&self.waiting, to, || self.file.set_len(to)).unwrap();
        }

        fn after_loss(&self) -> (u64, Vec<u8>) {
            let (forgotten, held) = self.after(None);
            assert_eq!(forgotten.stayed, 0);
            (forgotten.bytes, held)
        }

        fn after(&self, torn: Option<&mut ChaCha8Rng>) -> (Forgotten, Vec<u8>) {
            let lost = self.content.lose(&self.waiting, &self.file, torn).unwrap();
            let mut held = vec![0; self.file.metadata().unwrap().len() as usize];
            self.file.read_exact_at(&mut held, 0).unwrap();
            assert!(self.waiting.all().is_empty());
            assert_eq!(self.waiting.order().bytes, 0);
            (lost, held)
        }
    }

    #[test]
    fn what_was_never_synced_is_gone_and_what_was_is_back() {
        let one = Written::new();
        one.write(b"never", 0);
        assert_eq!(one.after_loss(), (5, vec![]));
        one.write(&[1; 10_000], 0);
        one.sync();
        one.write(&[2; 5000], 3000);
        one.write(&[3; 5000], 9000);
        one.write(&[4; 10], 4000);
        let (lost, held) = one.after_loss();
        assert_eq!(held, vec![1; 10_000]);
        // What it grew by, and three pages.
        assert_eq!(lost, 4000 + 10_000);
    }

    #[test]
    fn of_torn_writes_each_sector_is_old_or_new_and_what_was_synced_is_whole() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut kinds = [0; 3];
        let mut lengths = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let one = Written::new();
            one.write(&[1; 10_000], 0);
            one.sync();
            one.write(&[2; 5000], 3000);
            one.write(&[2; 5000], 9000);
            let (forgotten, held) = one.after(Some(&mut random));
            lengths.insert(held.len());
            assert!((10_000..=14_000).contains(&held.len()));
            assert_eq!(held[..2560], [1; 2560], "behind nothing that was written");
            for (sector, bytes) in held.chunks(512).enumerate() {
                let written = (3000..8000).contains(&(sector * 512 + 511)) && sector * 512 >= 3000;
                let first = bytes[0];
                if written || sector * 512 >= 10_240 {
                    assert!(bytes.iter().all(|byte| *byte == first), "sector {sector}");
                    kinds[first as usize] += 1;
                }
            }
            let changed = held.iter().filter(|byte| **byte == 2).count() as u64;
            assert!(forgotten.stayed >= changed && forgotten.bytes > 0, "{forgotten:?}");
        }
        assert!(kinds.iter().all(|count| *count > 20) && lengths.len() > 3, "{kinds:?} {lengths:?}");
    }

    #[test]
    fn a_file_made_shorter_stays_so_without_what_was_written_behind() {
        let one = Written::new();
        one.write(&[1; 10_000], 0);
        one.sync();
        one.write(&[2; 10_000], 0);
        one.shorten(4100);
        one.write(&[3; 1000], 4100);
        let (_, held) = one.after_loss();
        assert_eq!(held, vec![1; 4100]);
        one.shorten(0);
        one.write(b"new", 0);
        assert_eq!(one.after_loss(), (3, vec![]));
    }

    #[test]
    fn what_waits_longest_counts_as_written_where_too_much_waits() {
        let many = Written::new();
        let other: Arc<Content> = Arc::default();
        other.change(&many.waiting, (2, &many.file), (0, 0), || Ok(())).unwrap();
        many.write(b"one", 0);
        many.waiting.grown(MOST_BYTES - BYTES_A_FILE);
        assert_eq!(many.waiting.relieve(), [2]);
        assert!(many.content.is_unsynced() && !other.is_unsynced());
        assert_eq!(many.waiting.written_back(), 1);
    }
}
