//! A file that is to be written: what is known before a disk is waited for, and the writing itself.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The length of the block that files are filled from, so that their content does not compress away.
pub(super) const NOISE: usize = 1 << 20;

/// A file and what goes into it.
pub(super) struct NewFile {
    path: PathBuf,
    /// Whether it appears at once and whole: it is written beside its place under a hidden name, and renamed.
    atomic: bool,
    content: Content,
}

enum Content {
    Bytes(Vec<u8>),
    Noise(Noise),
}

/// Random bytes: pieces of a block, chosen by a seed.
pub(super) struct Noise {
    /// [`NOISE`] bytes.
    pub block: Arc<[u8]>,
    /// Of the choice of pieces.
    pub seed: u64,
    /// How many bytes.
    pub size: u64,
}

impl NewFile {
    /// With these bytes.
    pub fn of_bytes(path: PathBuf, atomic: bool, bytes: Vec<u8>) -> NewFile {
        NewFile { path, atomic, content: Content::Bytes(bytes) }
    }

    /// With random bytes.
    pub fn of_noise(path: PathBuf, atomic: bool, noise: Noise) -> NewFile {
        NewFile { path, atomic, content: Content::Noise(noise) }
    }

    /// Writes it whole and closes it; gives how many bytes it has. Waits for the disk. Gives up when told to stop.
    pub fn write(self, stop: &AtomicBool) -> io::Result<u64> {
        if !self.atomic {
            return self.content.write(&self.path, stop);
        }
        let hidden = hidden(&self.path);
        let written = self.content.write(&hidden, stop).and_then(|bytes| {
            fs::rename(&hidden, &self.path)?;
            Ok(bytes)
        });
        if written.is_err() {
            // It may not even have been made.
            let _ = fs::remove_file(&hidden);
        }
        written
    }
}

impl Content {
    fn write(&self, path: &Path, stop: &AtomicBool) -> io::Result<u64> {
        let mut file = create(path)?;
        match self {
            Content::Bytes(bytes) => {
                file.write_all(bytes)?;
                Ok(bytes.len() as u64)
            }
            Content::Noise(noise) => noise.write(&mut file, stop),
        }
    }
}

impl Noise {
    fn write(&self, file: &mut File, stop: &AtomicBool) -> io::Result<u64> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut left = self.size;
        while left > 0 {
            if stop.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let start = random.random_range(0..NOISE / 2);
            let length = left.min((NOISE - start) as u64) as usize;
            file.write_all(&self.block[start..start + length])?;
            left -= length as u64;
        }
        Ok(self.size)
    }
}

/// A name beside a file that no pattern for it matches and that no other has: `.1.log.7.part`.
fn hidden(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", NEXT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// Makes a file, and the folders above it where they are not there: most of the time they are.
fn create(path: &Path) -> io::Result<File> {
    match (File::create(path), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(parent)?;
            File::create(path)
        }
        (created, _) => created,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(size: u64) -> Noise {
        Noise { block: vec![7; NOISE].into(), seed: 1, size }
    }

    #[test]
    fn an_atomic_file_appears_whole_and_leaves_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/1.log");
        let go_on = AtomicBool::new(false);
        assert_eq!(NewFile::of_noise(path.clone(), true, noise(5_000_000)).write(&go_on).unwrap(), 5_000_000);
        assert_eq!(fs::metadata(&path).unwrap().len(), 5_000_000);
        // A folder stands where the second would go, so that it cannot be renamed.
        let taken = home.path().join("a/taken");
        fs::create_dir(&taken).unwrap();
        assert!(NewFile::of_bytes(taken, true, b"x".to_vec()).write(&go_on).is_err());
        assert_eq!(fs::read_dir(home.path().join("a")).unwrap().count(), 2);
    }

    #[test]
    fn a_large_file_is_given_up_when_told() {
        let home = tempfile::tempdir().unwrap();
        let file = NewFile::of_noise(home.path().join("1.log"), false, noise(u64::MAX));
        assert_eq!(file.write(&AtomicBool::new(true)).unwrap_err().kind(), io::ErrorKind::Interrupted);
    }
}
