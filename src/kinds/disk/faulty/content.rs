//! What is in files: reading, writing, syncing, and the answers to those.

use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, OFlag, fallocate};
use nix::unistd::{Whence, lseek};

use super::served::{OpenFile, Opened, Served};
use super::wire::{Answer, Body, MOST, Request, errno, opcode};

/// The longest range that is freed or cleared at once: what it held is kept in memory.
const MOST_CLEARED: u64 = 64 << 20;

/// A read or a write.
enum Transfer {
    Read { offset: u64, length: usize },
    Write { offset: u64, bytes: Vec<u8>, synced: bool },
}

impl Served {
    /// Reads or writes, as the faults in force have it.
    pub(super) fn transfer(self: &Arc<Self>, request: &Request<'_>) {
        let writes = request.opcode == opcode::WRITE;
        let fate = self.faults.fate(writes);
        let (unique, pid) = (request.unique, request.pid);
        let asked = match fate.fails {
            Some(error) => Err(error),
            None => asked(request.body, writes).and_then(|(handle, what)| Ok((self.opened(handle)?, what))),
        };
        let (this, came) = (Arc::clone(self), Instant::now());
        let work = move || {
            // One that is done at once because the disk is slow no longer was not as late as that.
            if fate.later.is_some_and(|by| came.elapsed() >= by) {
                this.faults.was_late(came.elapsed());
            }
            let result = asked.and_then(|(opened, what)| {
                let _gate = this.pass_the_gate();
                match &*opened {
                    Opened::File(open) => this.carry_out(open, what),
                    Opened::Folder(_) => Err(Errno::EISDIR),
                }
            });
            super::wire::answer(&this.device, unique, result);
            for node in this.waiting.relieve() {
                this.tree().let_go_if_idle(node);
            }
        };
        match fate.later {
            Some(by) => self.late.put(came + by, unique, pid, Box::new(work)),
            None => work(),
        }
    }

    fn carry_out(&self, open: &OpenFile, what: Transfer) -> Result<Answer, Errno> {
        match what {
            Transfer::Read { offset, length } => Answer::read(length, |buffer| {
                let mut read = 0;
                while read < buffer.len() {
                    match open.file.read_at(&mut buffer[read..], offset + read as u64) {
                        Ok(0) => break,
                        Ok(length) => read += length,
                        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(read)
            }),
            Transfer::Write { offset, bytes, synced } => {
                let range = (offset, bytes.len() as u64);
                let write = || open.file.write_at(&bytes, offset);
                let written = open.content.change(&self.waiting, (open.node, &open.file), range, write);
                let written = written.map_err(|error| errno(&error))?;
                if synced {
                    self.sync_file(open, true)?;
                }
                Ok(Answer::default().u32(written as u32).u32(0))
            }
        }
    }

    pub(super) fn open(&self, node: u64, mut body: Body<'_>) -> Result<Answer, Errno> {
        let writes = body.u32()? as i32 & OFlag::O_ACCMODE.bits() != OFlag::O_RDONLY.bits();
        if writes {
            self.faults.allow_change()?;
        }
        let file = self.open_below(node, writes)?;
        let content = self.tree().content(node)?;
        let (handle, how) = self.keep_open(Opened::File(OpenFile { file, node, content }));
        Ok(Answer::default().opened(handle, how))
    }

    pub(super) fn sync(&self, mut body: Body<'_>) -> Result<Answer, Errno> {
        let (handle, flags) = (body.u64()?, body.u32()?);
        if let Opened::File(open) = &*self.opened(handle)? {
            self.sync_file(open, flags & 1 != 0)?;
        }
        Ok(Answer::default())
    }

    /// What is written from now on is not synced, however long this takes.
    fn sync_file(&self, open: &OpenFile, data_only: bool) -> Result<(), Errno> {
        open.content.synced(&self.waiting);
        let synced = if data_only { open.file.sync_data() } else { open.file.sync_all() };
        synced.map_err(|error| errno(&error))
    }

    /// Makes a file longer or shorter.
    pub(super) fn resize(&self, open: &OpenFile, to: u64) -> Result<(), Errno> {
        let now = open.file.metadata().map_err(|error| errno(&error))?.len();
        let resize = || open.file.set_len(to);
        let resized = match to < now {
            true => open.content.shorten(&self.waiting, to, resize),
            false => open.content.change(&self.waiting, (open.node, &open.file), (now, 0), resize),
        };
        resized.map_err(|error| errno(&error))
    }

    pub(super) fn allocate(&self, mut body: Body<'_>) -> Result<Answer, Errno> {
        self.faults.allow_change()?;
        let (handle, offset, length) = (body.u64()?, body.u64()?, body.u64()?);
        let how = FallocateFlags::from_bits(body.u32()? as i32).ok_or(Errno::EOPNOTSUPP)?;
        let clears =
            how.intersects(FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_ZERO_RANGE);
        let moves =
            how.intersects(FallocateFlags::FALLOC_FL_COLLAPSE_RANGE | FallocateFlags::FALLOC_FL_INSERT_RANGE);
        if moves || clears && length > MOST_CLEARED {
            return Err(Errno::EOPNOTSUPP);
        }
        let opened = self.opened(handle)?;
        let Opened::File(open) = &*opened else { return Err(Errno::ENODEV) };
        let number = |bytes: u64| i64::try_from(bytes).map_err(|_| Errno::EFBIG);
        let (start, bytes) = (number(offset)?, number(length)?);
        let range = (offset, if clears { length } else { 0 });
        let done = open.content.change(&self.waiting, (open.node, &open.file), range, || {
            Ok(fallocate(open.file.as_fd(), how, start, bytes)?)
        });
        done.map_err(|error| errno(&error))?;
        Ok(Answer::default())
    }

    pub(super) fn seek(&self, mut body: Body<'_>) -> Result<Answer, Errno> {
        let (handle, offset, whence) = (body.u64()?, body.u64()?, body.u32()?);
        let whence = match whence as i32 {
            nix::libc::SEEK_DATA => Whence::SeekData,
            nix::libc::SEEK_HOLE => Whence::SeekHole,
            _ => return Err(Errno::EINVAL),
        };
        let opened = self.opened(handle)?;
        let Opened::File(open) = &*opened else { return Err(Errno::EINVAL) };
        // Nothing is read or written at the place that a descriptor remembers.
        let found = lseek(open.file.as_fd(), offset as i64, whence)?;
        Ok(Answer::default().u64(found as u64))
    }
}

/// What is asked for, and of which handle.
fn asked(mut body: Body<'_>, writes: bool) -> Result<(u64, Transfer), Errno> {
    let (handle, offset, length) = (body.u64()?, body.u64()?, body.u32()? as usize);
    let _how = body.u32()?;
    let _lock = body.u64()?;
    let (flags, _) = (body.u32()? as i32, body.u32()?);
    if length > MOST {
        return Err(Errno::EINVAL);
    }
    let what = match writes {
        true => {
            let synced = OFlag::from_bits_retain(flags).intersects(OFlag::O_DSYNC | OFlag::O_SYNC);
            Transfer::Write { offset, bytes: body.bytes(length)?.to_vec(), synced }
        }
        false => Transfer::Read { offset, length },
    };
    Ok((handle, what))
}
