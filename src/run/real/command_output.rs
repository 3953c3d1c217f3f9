//! What commands print, kept without any secret. Where there are none to hide, commands write to the file themselves.

use crate::lang::mask::{Mask, MaskedLines};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use tokio::net::unix::pipe::Receiver;

/// The file in the run's folder that gets what commands print.
const FILE: &str = "commands.log";
/// Bytes taken at once.
const READ_SIZE: usize = 16 * 1024;
/// Bytes of a line that wait for its end.
const LINE_LIMIT: usize = 16 * 1024;

/// Where a command prints to.
pub(super) struct Streams {
    pub standard: Stdio,
    pub errors: Stdio,
    /// What is to be read while the command runs.
    pub printed: Option<Printed>,
}

/// Opens the file, and a pipe before it where there is something to hide.
pub(super) fn open(folder: &Path, mask: &Mask) -> io::Result<Streams> {
    let file = OpenOptions::new().create(true).append(true).open(folder.join(FILE))?;
    if mask.is_empty() {
        return Ok(Streams { standard: file.try_clone()?.into(), errors: file.into(), printed: None });
    }
    let (reader, writer) = io::pipe()?;
    let pipe = Receiver::from_owned_fd(OwnedFd::from(reader))?;
    let printed = Printed { pipe, lines: MaskedLines::new(mask.clone(), LINE_LIMIT), file };
    Ok(Streams { standard: writer.try_clone()?.into(), errors: writer.into(), printed: Some(printed) })
}

/// What a command prints, on its way to the file.
pub(super) struct Printed {
    pipe: Receiver,
    lines: MaskedLines,
    file: File,
}

impl Printed {
    /// Writes it down as it comes, until nobody can print any more.
    pub async fn follow(&mut self) {
        while self.pipe.readable().await.is_ok() {
            if self.take() {
                return;
            }
        }
    }

    /// Writes down what is there now. Whether that was the end.
    pub fn take(&mut self) -> bool {
        let mut bytes = [0; READ_SIZE];
        loop {
            match self.pipe.try_read(&mut bytes) {
                Ok(0) => return true,
                Ok(length) => {
                    let lines = self.lines.push(&bytes[..length]);
                    self.write(&lines);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => return true,
            }
        }
    }

    /// What a full disk does not take is missing; the run goes on without it.
    fn write(&mut self, bytes: &[u8]) {
        let _ = self.file.write_all(bytes);
    }
}

impl Drop for Printed {
    fn drop(&mut self) {
        let rest = self.lines.rest();
        self.write(&rest);
    }
}
