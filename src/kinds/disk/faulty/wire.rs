//! The kernel's protocol for file systems in user space (linux/fuse.h): requests as they are read, and answers.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::sys::stat::FileStat;

/// What a request asks for.
pub mod opcode {
    pub const LOOKUP: u32 = 1;
    pub const FORGET: u32 = 2;
    pub const GETATTR: u32 = 3;
    pub const SETATTR: u32 = 4;
    pub const READLINK: u32 = 5;
    pub const SYMLINK: u32 = 6;
    pub const MKNOD: u32 = 8;
    pub const MKDIR: u32 = 9;
    pub const UNLINK: u32 = 10;
    pub const RMDIR: u32 = 11;
    pub const RENAME: u32 = 12;
    pub const LINK: u32 = 13;
    pub const OPEN: u32 = 14;
    pub const READ: u32 = 15;
    pub const WRITE: u32 = 16;
    pub const STATFS: u32 = 17;
    pub const RELEASE: u32 = 18;
    pub const FSYNC: u32 = 20;
    pub const INIT: u32 = 26;
    pub const OPENDIR: u32 = 27;
    pub const READDIR: u32 = 28;
    pub const RELEASEDIR: u32 = 29;
    pub const FSYNCDIR: u32 = 30;
    pub const CREATE: u32 = 35;
    pub const INTERRUPT: u32 = 36;
    pub const DESTROY: u32 = 38;
    pub const IOCTL: u32 = 39;
    pub const BATCH_FORGET: u32 = 42;
    pub const FALLOCATE: u32 = 43;
    pub const RENAME2: u32 = 45;
    pub const LSEEK: u32 = 46;
}

/// What is agreed on at the beginning.
pub mod init {
    pub const MAJOR: u32 = 7;
    /// The newest version of the protocol that is spoken here.
    pub const MINOR: u32 = 38;
    pub const ASYNC_READ: u32 = 1;
    pub const BIG_WRITES: u32 = 1 << 5;
    pub const PARALLEL_DIROPS: u32 = 1 << 18;
    pub const MAX_PAGES: u32 = 1 << 22;
    pub const MORE_FLAGS: u32 = 1 << 30;
    /// In the second word of flags: files that are read and written past the page cache can be mapped and shared.
    pub const DIRECT_IO_MMAP: u32 = 1 << 4;
}

/// What of a file is to be changed.
pub mod change {
    pub const MODE: u32 = 1;
    pub const UID: u32 = 1 << 1;
    pub const GID: u32 = 1 << 2;
    pub const SIZE: u32 = 1 << 3;
    pub const ATIME: u32 = 1 << 4;
    pub const MTIME: u32 = 1 << 5;
    pub const HANDLE: u32 = 1 << 6;
    pub const ATIME_NOW: u32 = 1 << 7;
    pub const MTIME_NOW: u32 = 1 << 8;
}

/// The folder that the disk is.
pub const ROOT: u64 = 1;
/// The most that is written with one request.
pub const MOST: usize = 1 << 20;
/// Room for a request: its head, its arguments and what is written.
pub const ROOM: usize = MOST + (16 << 10);
/// Reads and writes are not answered from the page cache.
pub const PAST_THE_CACHE: u32 = 1;

const HEAD_OF_REQUEST: usize = 40;
const HEAD_OF_ANSWER: usize = 16;
/// For so many seconds the kernel may believe what it was told of a name or a file. Nobody but the kernel changes any.
const BELIEVED: u64 = 1;
/// An answer to nothing that was asked: what is known of a file is no longer true.
const NOTIFY_CHANGED: i32 = 2;

/// A request.
pub struct Request<'a> {
    pub opcode: u32,
    /// Its number.
    pub unique: u64,
    pub node: u64,
    /// Whose it is.
    pub uid: u32,
    pub gid: u32,
    pub pid: u32,
    pub body: Body<'a>,
}

impl Request<'_> {
    /// Reads what the kernel has written; nothing where that is cut short.
    pub fn read(bytes: &[u8]) -> Option<Request<'_>> {
        let (head, rest) = bytes.split_at_checked(HEAD_OF_REQUEST)?;
        let mut head = Body(head);
        let length = head.u32().ok()? as usize;
        let opcode = head.u32().ok()?;
        let (unique, node) = (head.u64().ok()?, head.u64().ok()?);
        let (uid, gid, pid) = (head.u32().ok()?, head.u32().ok()?, head.u32().ok()?);
        let body = Body(rest.get(..length.checked_sub(HEAD_OF_REQUEST)?)?);
        Some(Request { opcode, unique, node, uid, gid, pid, body })
    }
}

/// The arguments of a request, taken one after the other.
#[derive(Clone, Copy)]
pub struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    /// A number of 32 bits.
    pub fn u32(&mut self) -> Result<u32, Errno> {
        let (word, rest) = self.0.split_first_chunk().ok_or(Errno::EINVAL)?;
        self.0 = rest;
        Ok(u32::from_ne_bytes(*word))
    }

    /// A number of 64 bits.
    pub fn u64(&mut self) -> Result<u64, Errno> {
        let (word, rest) = self.0.split_first_chunk().ok_or(Errno::EINVAL)?;
        self.0 = rest;
        Ok(u64::from_ne_bytes(*word))
    }

    /// A name: all up to a zero.
    pub fn name(&mut self) -> Result<&'a OsStr, Errno> {
        let end = self.0.iter().position(|byte| *byte == 0).ok_or(Errno::EINVAL)?;
        let name = OsStr::from_bytes(&self.0[..end]);
        self.0 = &self.0[end + 1..];
        Ok(name)
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], Errno> {
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Errno::EINVAL)?;
        self.0 = rest;
        Ok(bytes)
    }
}

/// An answer that says more than that something was done.
pub struct Answer(Vec<u8>);

impl Default for Answer {
    fn default() -> Answer {
        Answer(vec![0; HEAD_OF_ANSWER])
    }
}

impl Answer {
    /// One that `fill` writes at most so many bytes of; it says how many.
    pub fn read(most: usize, fill: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> Result<Answer, Errno> {
        let mut bytes = vec![0; HEAD_OF_ANSWER + most];
        let length = fill(&mut bytes[HEAD_OF_ANSWER..]).map_err(|error| errno(&error))?;
        bytes.truncate(HEAD_OF_ANSWER + length);
        Ok(Answer(bytes))
    }

    pub fn u32(mut self, number: u32) -> Answer {
        self.0.extend(number.to_ne_bytes());
        self
    }

    pub fn u64(mut self, number: u64) -> Answer {
        self.0.extend(number.to_ne_bytes());
        self
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Answer {
        self.0.extend(bytes);
        self
    }

    /// How long it is without its head.
    pub fn length(&self) -> usize {
        self.0.len() - HEAD_OF_ANSWER
    }

    /// What a file is.
    pub fn attributes(self, found: &FileStat) -> Answer {
        let nanos = |nanos: i64| nanos as u32;
        self.u64(found.st_ino)
            .u64(found.st_size as u64)
            .u64(found.st_blocks as u64)
            .u64(found.st_atime as u64)
            .u64(found.st_mtime as u64)
            .u64(found.st_ctime as u64)
            .u32(nanos(found.st_atime_nsec))
            .u32(nanos(found.st_mtime_nsec))
            .u32(nanos(found.st_ctime_nsec))
            .u32(found.st_mode)
            .u32(found.st_nlink as u32)
            .u32(found.st_uid)
            .u32(found.st_gid)
            .u32(found.st_rdev as u32)
            .u32(found.st_blksize as u32)
            .u32(0)
    }

    /// What a file is, and for how long that is believed.
    pub fn believed_attributes(self, found: &FileStat) -> Answer {
        self.u64(BELIEVED).u64(0).attributes(found)
    }

    /// A name that was found or made.
    pub fn entry(self, node: u64, found: &FileStat) -> Answer {
        // Numbers of nodes are never used again, so that there is one generation of each.
        self.u64(node).u64(0).u64(BELIEVED).u64(BELIEVED).u64(0).attributes(found)
    }

    /// A file that was opened.
    pub fn opened(self, handle: u64, how: u32) -> Answer {
        self.u64(handle).u32(how).u32(0)
    }

    /// An entry of a folder; nothing where it would be longer than `most` then.
    pub fn listed(self, most: usize, ino: u64, next: u64, kind: u32, name: &OsStr) -> Result<Answer, Answer> {
        let name = name.as_bytes();
        let padding = name.len().next_multiple_of(8) - name.len();
        if self.length() + 24 + name.len() + padding > most {
            return Err(self);
        }
        let listed = self.u64(ino).u64(next).u32(name.len() as u32).u32(kind);
        Ok(listed.bytes(name).bytes(&[0; 8][..padding]))
    }
}

/// Answers a request. Where nobody waits for the answer any more, that is no error.
pub fn answer(device: impl AsFd, unique: u64, result: Result<Answer, Errno>) {
    let (mut bytes, error) = match result {
        Ok(answer) => (answer.0, 0),
        Err(error) => (vec![0; HEAD_OF_ANSWER], -(error as i32)),
    };
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    bytes[4..8].copy_from_slice(&error.to_ne_bytes());
    bytes[8..16].copy_from_slice(&unique.to_ne_bytes());
    let _ = nix::unistd::write(device, &bytes);
}

/// Tells the kernel that what it knows of a file is no longer true. It asks anew, also for what is under way, so nothing
/// may be held meanwhile that a request waits for.
pub fn tell_changed(device: impl AsFd, node: u64) {
    let mut bytes = Answer::default().u64(node).u64(0).u64(0).0;
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_ne_bytes());
    bytes[4..8].copy_from_slice(&NOTIFY_CHANGED.to_ne_bytes());
    // Of a file that it knows no longer it needs to know nothing.
    let _ = nix::unistd::write(device, &bytes);
}

/// The number of an error, which the kernel is told.
pub fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written_and_not_where_it_is_cut_short() {
        let mut bytes = Vec::new();
        bytes.extend(50_u32.to_ne_bytes());
        bytes.extend(opcode::LOOKUP.to_ne_bytes());
        bytes.extend(7_u64.to_ne_bytes());
        bytes.extend(ROOT.to_ne_bytes());
        [1_u32, 2, 3, 0].iter().for_each(|number| bytes.extend(number.to_ne_bytes()));
        bytes.extend(b"name\0more\0");
        let mut request = Request::read(&bytes).unwrap();
        assert_eq!((request.opcode, request.unique, request.node), (opcode::LOOKUP, 7, ROOT));
        assert_eq!((request.uid, request.gid, request.pid), (1, 2, 3));
        assert_eq!(
            (request.body.name(), request.body.name()),
            (Ok(OsStr::new("name")), Ok(OsStr::new("more")))
        );
        assert_eq!(request.body.u32(), Err(Errno::EINVAL));
        assert!(Request::read(&bytes[..49]).is_none() && Request::read(&bytes[..30]).is_none());
    }

    #[test]
    fn an_entry_that_does_not_fit_is_left_for_the_next_answer() {
        let one = Answer::default().listed(40, 1, 1, 8, OsStr::new("name")).ok().unwrap();
        assert_eq!(one.length(), 32);
        assert_eq!(one.listed(40, 2, 2, 8, OsStr::new("name")).err().unwrap().length(), 32);
    }
}
