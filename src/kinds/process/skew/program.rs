//! Whether a program can be told another time: by its file, before it is started.

use std::fs::File;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use thiserror::Error;

/// Why a program cannot.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Unreachable {
    #[error("it is linked statically and loads nothing")]
    Static,
    #[error("it runs with the rights of another user, and loads nothing that soak gives it")]
    Privileged,
}

/// The program header that names the dynamic linker, elf(5).
const PT_INTERP: u32 = 3;
/// More headers than any program has.
const MOST_HEADERS: u16 = 256;

/// Looks at a program. What cannot be read, or is no ELF file of 64 bits (a script), may be reachable.
///
/// # Errors
/// Why nothing can be loaded into it.
pub fn reachable(program: &Path) -> Result<(), Unreachable> {
    let Ok(file) = File::open(program) else { return Ok(()) };
    let mode = file.metadata().map_or(0, |found| found.permissions().mode());
    if mode & 0o6000 != 0 {
        return Err(Unreachable::Privileged);
    }
    match is_dynamic(&file) {
        Some(false) => Err(Unreachable::Static),
        _ => Ok(()),
    }
}

/// `e_phoff`, `e_phentsize` and `e_phnum` stand at 32, 54 and 56 of the header of a file of 64 bits, elf(5).
fn is_dynamic(file: &File) -> Option<bool> {
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0).ok()?;
    if head[..5] != *b"\x7fELF\x02" || head[5] != 1 {
        return None;
    }
    let number = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let offset = u64::from_le_bytes(head[32..40].try_into().ok()?);
    let (size, count) = (number(54), number(56));
    for index in 0..count.min(MOST_HEADERS) {
        let mut kind = [0; 4];
        file.read_exact_at(&mut kind, offset + u64::from(size) * u64::from(index)).ok()?;
        if u32::from_le_bytes(kind) == PT_INTERP {
            return Some(true);
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn programs_are_told_apart_by_their_files() {
        assert_eq!(reachable(Path::new("/bin/sh")), Ok(()));
        assert_eq!(reachable(Path::new("/usr/bin/su")), Err(Unreachable::Privileged));
        assert_eq!(reachable(Path::new("/no/such/program")), Ok(()));
        let folder = tempfile::tempdir().unwrap();
        let (source, program) = (folder.path().join("main.rs"), folder.path().join("main"));
        std::fs::write(&source, "fn main() {}").unwrap();
        assert_eq!(reachable(&source), Ok(()), "no program");
        let mut rustc = Command::new("rustc");
        rustc
            .args(["-C", "target-feature=+crt-static", "-C", "relocation-model=static", "-o"])
            .arg(&program)
            .arg(&source);
        assert!(rustc.status().unwrap().success());
        assert_eq!(reachable(&program), Err(Unreachable::Static));
    }
}
