//! What a filled disk keeps free, so that soak can still write its record and the machine lives.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::statfs::{TMPFS_MAGIC, fstatfs};

/// Kept free on a disk that soak or the machine itself writes to.
pub const RESERVE: u64 = 64 << 20;
/// Of a disk in memory, this part of the machine's memory stays available.
const MEMORY_PART: u64 = 8;

/// Folders without room in which a machine does not go on for long.
const OF_THE_MACHINE: [&str; 5] = ["/", "/run", "/tmp", "/var", "/var/tmp"];

/// How many bytes are kept free of the disk under a folder, where soak itself needs these other ones.
pub fn reserve_of(folder: &Path, needed: &[&Path]) -> u64 {
    let device = |path: &Path| fs::metadata(path).ok().map(|found| found.dev());
    let own = device(folder);
    let machine = OF_THE_MACHINE.iter().map(Path::new);
    let shared = needed.iter().copied().chain(machine).any(|path| own.is_some() && device(path) == own);
    if shared { RESERVE } else { 0 }
}

/// How many bytes may be put on the disk of an open file before the machine's memory is short; none where it is no disk in
/// memory.
pub(super) fn room_in_memory(file: impl AsFd) -> Option<u64> {
    if fstatfs(file).ok()?.filesystem_type() != TMPFS_MAGIC {
        return None;
    }
    memory_to_spare()
}

/// How many bytes may be put into memory before the machine has little left.
pub fn memory_to_spare() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    let (available, whole) = (kilobytes("MemAvailable:")?, kilobytes("MemTotal:")?);
    Some(available.saturating_sub(whole / MEMORY_PART) << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beside_the_machine_keeps_a_reserve() {
        assert_eq!(reserve_of(Path::new("/"), &[]), RESERVE);
        assert_eq!(reserve_of(Path::new("/proc"), &[]), 0);
        assert_eq!(reserve_of(Path::new("/proc"), &[Path::new("/proc/self")]), RESERVE);
    }
}
