//! Reading a file from a place of one's own: whoever else reads or writes it is not disturbed.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// A file and how far it was read.
pub struct Positioned<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> Positioned<'a> {
    /// From the beginning.
    pub fn new(file: &'a File) -> Positioned<'a> {
        Positioned { file, offset: 0 }
    }
}

impl Read for Positioned<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}
