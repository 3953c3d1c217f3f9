//! A disk that others wait for: threads write and wait until it is there, again and again, and one more measures what a
//! small write of somebody else has to wait.
//!
//! They write to a file without a name in a folder of the run's own, never beyond some hundred megabytes, always over the
//! same places.

use super::Stalled;
use crate::kinds::disk::space::Space;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So many write at once.
const WRITERS: u64 = 4;
/// Each over a stretch of the file, at most so many bytes long.
const STRETCH: u64 = 64 << 20;
/// In pieces of so many bytes, each waited for.
const PIECE: usize = 1 << 20;
/// The write that is measured.
const SMALL: usize = 4096;
/// How many of them are measured before.
const PROBES: usize = 24;
/// And how long after each other meanwhile.
const PROBE_EVERY: Duration = Duration::from_millis(50);

/// The threads that write.
pub(super) struct Stalling {
    ended: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
    writers: Vec<JoinHandle<()>>,
    probe: JoinHandle<Vec<Duration>>,
    before: Duration,
    began: Instant,
}

impl Stalling {
    /// Measures the disk as it is, and begins.
    ///
    /// # Errors
    /// When the folder takes no files, or its disk has no room beyond what stays free.
    pub fn begin(folder: &Path, reserve: u64) -> io::Result<Stalling> {
        let file = Arc::new(tempfile::tempfile_in(folder)?);
        let free = Space::under(&*file)?.free;
        let stretch = (free.saturating_sub(reserve) / WRITERS).min(STRETCH) / PIECE as u64 * PIECE as u64;
        if stretch == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let small = tempfile::tempfile_in(folder)?;
        let mut times = (0..PROBES).map(|_| probe(&small)).collect::<io::Result<Vec<_>>>()?;
        let before = lower_quartile(&mut times).unwrap_or_default();
        let (ended, written) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let named = |name: String| std::thread::Builder::new().name(name);
        let writer = |index: u64| {
            let (file, ended, written) = (Arc::clone(&file), Arc::clone(&ended), Arc::clone(&written));
            named(format!("stall-{index}"))
                .spawn(move || write(&file, index * stretch, stretch, &ended, &written))
        };
        let writers = (0..WRITERS).map(writer).collect::<io::Result<Vec<_>>>()?;
        let over = Arc::clone(&ended);
        let probe = named("probe".into()).spawn(move || watch(&small, &over))?;
        Ok(Stalling { ended, written, writers, probe, before, began: Instant::now() })
    }

    /// Ends, and tells what it did.
    pub fn end(self) -> Stalled {
        let time = self.began.elapsed();
        self.ended.store(true, Ordering::Relaxed);
        for writer in self.writers {
            let _ = writer.join();
        }
        let mut times = self.probe.join().unwrap_or_default();
        let written = self.written.load(Ordering::Relaxed);
        Stalled { before: self.before, during: lower_quartile(&mut times), written, time }
    }
}

fn write(file: &File, from: u64, stretch: u64, ended: &AtomicBool, written: &AtomicU64) {
    // What differs from piece to piece is not put down once for all of them.
    let mut piece: Vec<u8> = (0..PIECE).map(|index| (index * 31 + index / 251) as u8).collect();
    for turn in 0_u64.. {
        if ended.load(Ordering::Relaxed) {
            return;
        }
        piece[..8].copy_from_slice(&turn.to_ne_bytes());
        let place = from + turn * PIECE as u64 % stretch;
        // A disk that has become full meanwhile is a disk that others wait for no less.
        if file.write_all_at(&piece, place).and_then(|()| file.sync_data()).is_ok() {
            written.fetch_add(PIECE as u64, Ordering::Relaxed);
        } else {
            std::thread::sleep(PROBE_EVERY);
        }
    }
}

fn probe(file: &File) -> io::Result<Duration> {
    let began = Instant::now();
    file.write_all_at(&[1; SMALL], 0)?;
    file.sync_data()?;
    Ok(began.elapsed())
}

fn watch(file: &File, ended: &AtomicBool) -> Vec<Duration> {
    /// More than these are not kept; the newest take the place of the oldest.
    const MOST: usize = 10_000;
    let mut times = Vec::new();
    for turn in 0.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        match probe(file) {
            Ok(time) if times.len() < MOST => times.push(time),
            Ok(time) => times[turn % MOST] = time,
            Err(_) => {}
        }
        std::thread::sleep(PROBE_EVERY);
    }
    times
}

/// Not the median: a process that had to wait for a processor, and not for the disk, is to count neither before nor meanwhile.
fn lower_quartile(times: &mut [Duration]) -> Option<Duration> {
    times.sort_unstable();
    times.get(times.len() / 4).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_writes_leaves_no_file_and_measures() {
        let home = tempfile::tempdir().unwrap();
        let stalling = Stalling::begin(home.path(), 0).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let stalled = stalling.end();
        assert!(stalled.written >= PIECE as u64 && stalled.during.is_some(), "{stalled:?}");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_disk_without_room_beyond_the_reserve_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let refused = Stalling::begin(home.path(), u64::MAX).map(drop).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    }
}
