//! Names, folders, rights and times, and the answers about them.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirEntryExt, FileTypeExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, RenameFlags, openat, readlinkat, renameat2};
use nix::libc;
use nix::sys::stat::{
    FchmodatFlags, Mode, SFlag, UtimensatFlags, fchmod, fchmodat, fstat, futimens, mkdirat, mknodat,
    utimensat,
};
use nix::sys::statvfs::fstatvfs;
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fchownat, linkat, symlinkat, unlinkat};

use super::served::{Listed, OpenFile, OpenFolder, Opened, Served};
use super::tree::{Tree, has_one_name};
use super::wire::{Answer, Body, Request, change, errno, opcode};

impl Served {
    pub(super) fn find(&self, parent: u64, mut body: Body<'_>) -> Result<Answer, Errno> {
        let name = body.name()?;
        self.entry(&mut self.tree(), parent, name)
    }

    fn entry(&self, tree: &mut Tree, parent: u64, name: &OsStr) -> Result<Answer, Errno> {
        let found = tree.look(&tree.path_in(parent, name)?)?;
        Ok(Answer::default().entry(tree.enter(parent, name, &found), &found))
    }

    pub(super) fn attributes(&self, node: u64, mut body: Body<'_>) -> Result<Answer, Errno> {
        let (flags, _, handle) = (body.u32()?, body.u32()?, body.u64()?);
        if flags & 1 != 0
            && let Opened::File(open) = &*self.opened(handle)?
        {
            return Ok(Answer::default().believed_attributes(&fstat(open.file.as_fd())?));
        }
        Ok(Answer::default().believed_attributes(&self.look(node)?))
    }

    pub(super) fn space(&self) -> Result<Answer, Errno> {
        let status = fstatvfs(self.tree().below())?;
        Ok(Answer::default()
            .u64(status.blocks())
            .u64(status.blocks_free())
            .u64(status.blocks_available())
            .u64(status.files())
            .u64(status.files_free())
            .u32(status.block_size() as u32)
            .u32(status.name_max() as u32)
            .u32(status.fragment_size() as u32)
            .bytes(&[0; 28]))
    }

    pub(super) fn read_link(&self, node: u64) -> Result<Answer, Errno> {
        let tree = self.tree();
        let leads = readlinkat(tree.below(), &tree.path(node)?)?;
        Ok(Answer::default().bytes(leads.as_bytes()))
    }

    pub(super) fn open_folder(&self, node: u64) -> Answer {
        let folder = OpenFolder { node, entries: Mutex::default() };
        let (handle, how) = self.keep_open(Opened::Folder(folder));
        Answer::default().opened(handle, how)
    }

    pub(super) fn list(&self, mut body: Body<'_>) -> Result<Answer, Errno> {
        let (handle, offset, most) = (body.u64()?, body.u64()?, body.u32()? as usize);
        let opened = self.opened(handle)?;
        let Opened::Folder(folder) = &*opened else { return Err(Errno::ENOTDIR) };
        let mut entries = folder.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if offset == 0 {
            *entries = self.names_in(folder.node)?;
        }
        let mut answer = Answer::default();
        for (place, entry) in entries.iter().enumerate().skip(offset as usize) {
            match answer.listed(most, entry.ino, place as u64 + 1, entry.kind, &entry.name) {
                Ok(longer) => answer = longer,
                Err(full) => return Ok(full),
            }
        }
        Ok(answer)
    }

    fn names_in(&self, node: u64) -> Result<Vec<Listed>, Errno> {
        let tree = self.tree();
        // Through the open folder, so that the way leads below the disk and not to it.
        let Ok(path) = tree.path(node) else { return Ok(Vec::new()) };
        let path = Path::new("/proc/self/fd").join(tree.below().as_raw_fd().to_string()).join(path);
        let dots =
            [".", ".."].map(|name| Listed { name: name.into(), ino: node, kind: u32::from(libc::DT_DIR) });
        let mut entries = Vec::from(dots);
        for entry in fs::read_dir(path).map_err(|error| errno(&error))? {
            let entry = entry.map_err(|error| errno(&error))?;
            let kind = entry.file_type().map_or(libc::DT_UNKNOWN, kind);
            entries.push(Listed { name: entry.file_name(), ino: entry.ino(), kind: u32::from(kind) });
        }
        Ok(entries)
    }

    /// Makes something under a new name, and opens it where it is a file that is to be.
    pub(super) fn make(&self, request: &Request<'_>) -> Result<Answer, Errno> {
        self.faults.allow_change()?;
        let (parent, mut body) = (request.node, request.body);
        let words = match request.opcode {
            opcode::CREATE | opcode::MKNOD => [body.u32()?, body.u32()?, body.u32()?, body.u32()?],
            opcode::MKDIR => [body.u32()?, body.u32()?, 0, 0],
            _ => [0; 4],
        };
        let name = body.name()?;
        let mut tree = self.tree();
        let path = tree.path_in(parent, name)?;
        let mut opened = None;
        match request.opcode {
            opcode::CREATE => {
                let asked = OFlag::from_bits_retain(words[0] as i32) & (OFlag::O_EXCL | OFlag::O_TRUNC);
                let how = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | asked;
                opened = Some(openat(tree.below(), &path, how, rights(words[1]))?);
            }
            opcode::MKNOD => {
                let kind = SFlag::from_bits_truncate(words[0]) & SFlag::S_IFMT;
                mknodat(tree.below(), &path, kind, rights(words[0]), words[1].into())?;
            }
            opcode::MKDIR => mkdirat(tree.below(), &path, rights(words[0]))?,
            _ => symlinkat(body.name()?, tree.below(), &path)?,
        }
        self.give(&tree, parent, &path, request)?;
        let found = tree.look(&path)?;
        let node = tree.enter(parent, name, &found);
        let answer = Answer::default().entry(node, &found);
        let Some(file) = opened else { return Ok(answer) };
        let content = tree.content(node)?;
        drop(tree);
        let (handle, how) = self.keep_open(Opened::File(OpenFile { file: file.into(), node, content }));
        Ok(answer.opened(handle, how))
    }

    /// What was made belongs to whom it was made for.
    fn give(&self, tree: &Tree, parent: u64, path: &Path, request: &Request<'_>) -> Result<(), Errno> {
        if !self.for_others {
            return Ok(());
        }
        let parent = tree.look(&tree.path(parent)?)?;
        // A folder may say whose group it is that everything in it belongs to.
        let inherited = parent.st_mode & Mode::S_ISGID.bits() != 0;
        let group = (!inherited).then(|| Gid::from_raw(request.gid));
        let owner = Some(Uid::from_raw(request.uid));
        fchownat(tree.below(), path, owner, group, AtFlags::AT_SYMLINK_NOFOLLOW)
    }

    pub(super) fn link(&self, parent: u64, mut body: Body<'_>) -> Result<Answer, Errno> {
        self.faults.allow_change()?;
        let (node, name) = (body.u64()?, body.name()?);
        let mut tree = self.tree();
        let (from, to) = (tree.path(node)?, tree.path_in(parent, name)?);
        linkat(tree.below(), &from, tree.below(), &to, AtFlags::empty())?;
        self.entry(&mut tree, parent, name)
    }

    pub(super) fn remove(&self, parent: u64, mut body: Body<'_>, folder: bool) -> Result<Answer, Errno> {
        self.faults.allow_change()?;
        let name = body.name()?;
        let mut tree = self.tree();
        let path = tree.path_in(parent, name)?;
        let last = has_one_name(&tree.look(&path)?);
        let how = if folder { UnlinkatFlags::RemoveDir } else { UnlinkatFlags::NoRemoveDir };
        unlinkat(tree.below(), &path, how)?;
        self.gone(&mut tree, parent, name, last);
        Ok(Answer::default())
    }

    /// A name is no more, and with the last one of a file nothing of it waits.
    fn gone(&self, tree: &mut Tree, parent: u64, name: &OsStr, last: bool) {
        if last && let Some(content) = tree.content_at(parent, name) {
            content.synced(&self.waiting);
        }
        tree.removed(parent, name, last);
    }

    pub(super) fn rename(&self, from: u64, to: u64, flags: u32, mut body: Body<'_>) -> Result<Answer, Errno> {
        self.faults.allow_change()?;
        let flags = RenameFlags::from_bits(flags).ok_or(Errno::EINVAL)?;
        if flags.contains(RenameFlags::RENAME_WHITEOUT) {
            return Err(Errno::EINVAL);
        }
        let (name, new) = (body.name()?, body.name()?);
        let mut tree = self.tree();
        let (old_path, new_path) = (tree.path_in(from, name)?, tree.path_in(to, new)?);
        let moved = tree.look(&old_path)?;
        let covered = tree.look(&new_path).ok();
        renameat2(tree.below(), &old_path, tree.below(), &new_path, flags)?;
        if flags.contains(RenameFlags::RENAME_EXCHANGE) {
            tree.exchanged((from, name), (to, new));
            return Ok(Answer::default());
        }
        if let Some(covered) = covered {
            if (covered.st_dev, covered.st_ino) == (moved.st_dev, moved.st_ino) {
                // Two names of one file: both stay.
                return Ok(Answer::default());
            }
            self.gone(&mut tree, to, new, has_one_name(&covered));
        }
        tree.moved((from, name), (to, new));
        Ok(Answer::default())
    }

    pub(super) fn change_attributes(&self, node: u64, mut body: Body<'_>) -> Result<Answer, Errno> {
        self.faults.allow_change()?;
        let asked = Asked::read(&mut body)?;
        let held = match asked.has(change::HANDLE) {
            true => Some(self.opened(asked.handle)?),
            false => None,
        };
        if asked.has(change::SIZE) {
            match held.as_deref() {
                Some(Opened::File(open)) => self.resize(open, asked.size)?,
                _ => {
                    let (file, content) = (self.open_below(node, true)?, self.tree().content(node)?);
                    self.resize(&OpenFile { file, node, content }, asked.size)?;
                }
            }
        }
        if asked.has(change::MODE | change::UID | change::GID | change::ATIME | change::MTIME) {
            self.set_attributes(node, held, &asked)?;
        }
        Ok(Answer::default().believed_attributes(&self.look(node)?))
    }

    fn set_attributes(&self, node: u64, held: Option<Arc<Opened>>, asked: &Asked) -> Result<(), Errno> {
        let owner = asked.has(change::UID).then(|| Uid::from_raw(asked.uid));
        let group = asked.has(change::GID).then(|| Gid::from_raw(asked.gid));
        let owned = owner.is_some() || group.is_some();
        let timed = asked.has(change::ATIME | change::MTIME);
        let tree = self.tree();
        let Ok(path) = tree.path(node) else {
            drop(tree);
            let opened = held.map_or_else(|| self.held(node), Ok)?;
            let Opened::File(open) = &*opened else { return Err(Errno::ESTALE) };
            let file = open.file.as_fd();
            if owned {
                fchown(file, owner, group)?;
            }
            if asked.has(change::MODE) {
                fchmod(file, rights(asked.mode))?;
            }
            return if timed { futimens(file, &asked.times.0, &asked.times.1) } else { Ok(()) };
        };
        if owned {
            fchownat(tree.below(), &path, owner, group, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        }
        if asked.has(change::MODE) {
            // Of a link in a file system none can be changed, and none is asked for.
            fchmodat(tree.below(), &path, rights(asked.mode), FchmodatFlags::FollowSymlink)?;
        }
        if timed {
            let links = UtimensatFlags::NoFollowSymlink;
            utimensat(tree.below(), &path, &asked.times.0, &asked.times.1, links)?;
        }
        Ok(())
    }
}

/// What of a file is to be changed.
struct Asked {
    valid: u32,
    handle: u64,
    size: u64,
    /// Of the last read and the last change.
    times: (TimeSpec, TimeSpec),
    mode: u32,
    uid: u32,
    gid: u32,
}

impl Asked {
    fn read(body: &mut Body<'_>) -> Result<Asked, Errno> {
        let (valid, _) = (body.u32()?, body.u32()?);
        let (handle, size, _lock) = (body.u64()?, body.u64()?, body.u64()?);
        let (read, changed, _) = (body.u64()?, body.u64()?, body.u64()?);
        let (read_nanos, changed_nanos, _) = (body.u32()?, body.u32()?, body.u32()?);
        let (mode, _) = (body.u32()?, body.u32()?);
        let (uid, gid) = (body.u32()?, body.u32()?);
        let time = |given: u32, now: u32, seconds: u64, nanos: u32| match valid {
            valid if valid & now != 0 => TimeSpec::UTIME_NOW,
            valid if valid & given != 0 => TimeSpec::new(seconds as i64, nanos.into()),
            _ => TimeSpec::UTIME_OMIT,
        };
        let times = (
            time(change::ATIME, change::ATIME_NOW, read, read_nanos),
            time(change::MTIME, change::MTIME_NOW, changed, changed_nanos),
        );
        Ok(Asked { valid, handle, size, times, mode, uid, gid })
    }

    /// Whether one of these is asked for.
    fn has(&self, what: u32) -> bool {
        self.valid & what != 0
    }
}

fn rights(mode: u32) -> Mode {
    Mode::from_bits_truncate(mode & !SFlag::S_IFMT.bits())
}

/// As in a `dirent`.
fn kind(found: fs::FileType) -> u8 {
    match found {
        found if found.is_dir() => libc::DT_DIR,
        found if found.is_file() => libc::DT_REG,
        found if found.is_symlink() => libc::DT_LNK,
        found if found.is_fifo() => libc::DT_FIFO,
        found if found.is_socket() => libc::DT_SOCK,
        found if found.is_char_device() => libc::DT_CHR,
        found if found.is_block_device() => libc::DT_BLK,
        _ => libc::DT_UNKNOWN,
    }
}
