//! The JSON-lines file, and its rotation: once it is old enough it gets a number, and the oldest numbers go.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub struct Output {
    path: PathBuf,
    file: BufWriter<File>,
    opened: Instant,
    rotate: Duration,
    keep: usize,
    rotated: VecDeque<PathBuf>,
    number: u64,
}

impl Output {
    /// Appends to the file at `path`.
    pub fn open(path: &Path, rotate: Duration, keep: usize) -> io::Result<Output> {
        Ok(Output {
            path: path.to_owned(),
            file: append(path)?,
            opened: Instant::now(),
            rotate,
            keep,
            rotated: VecDeque::new(),
            number: 0,
        })
    }

    /// Writes lines, in a new file where this one is old enough.
    pub fn write(&mut self, lines: impl Iterator<Item = String>) -> io::Result<()> {
        if self.opened.elapsed() >= self.rotate {
            self.rotate()?;
        }
        for line in lines {
            self.file.write_all(line.as_bytes())?;
            self.file.write_all(b"\n")?;
        }
        self.file.flush()
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file.flush()?;
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // A number that an earlier process has used is passed over: what it wrote stays.
        let to = loop {
            self.number += 1;
            let to = self.path.with_file_name(format!("{stem}-{:06}.jsonl", self.number));
            if !to.exists() {
                break to;
            }
        };
        std::fs::rename(&self.path, &to)?;
        self.rotated.push_back(to);
        while self.rotated.len() > self.keep {
            if let Some(oldest) = self.rotated.pop_front() {
                std::fs::remove_file(oldest)?;
            }
        }
        self.file = append(&self.path)?;
        self.opened = Instant::now();
        Ok(())
    }

    /// Sees to it that all is on the disk.
    pub fn close(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()
    }
}

fn append(path: &Path) -> io::Result<BufWriter<File>> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let wrong = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    Ok(BufWriter::new(file.map_err(wrong)?))
}
