//! A faulty disk as it is served: what is shared by all who answer requests, and who answers which.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};

use super::faults::Faults;
use super::late::Late;
use super::message::Lost;
use super::tree::Tree;
use super::unsynced::{Content, Waiting};
use super::wire::{Answer, Body, PAST_THE_CACHE, Request, answer, opcode, tell_changed};

/// All that a disk is served with.
pub(super) struct Served {
    pub device: OwnedFd,
    pub faults: Faults,
    pub late: Late,
    pub(super) waiting: Waiting,
    /// Whether what is made has to be given to whom it was made for.
    pub(super) for_others: bool,
    /// Files are read and written past the kernel's page cache, so that each read and write is met here.
    past_the_cache: AtomicBool,
    tree: Mutex<Tree>,
    handles: Mutex<Handles>,
    /// Held by whoever answers, and alone by whoever forgets what is not synced.
    gate: RwLock<()>,
    /// What stays of what is torn.
    random: Mutex<ChaCha8Rng>,
}

#[derive(Default)]
struct Handles {
    next: u64,
    open: HashMap<u64, Arc<Opened>>,
}

/// What a handle stands for.
pub(super) enum Opened {
    File(OpenFile),
    Folder(OpenFolder),
}

/// A file that somebody has open.
pub(super) struct OpenFile {
    pub file: File,
    pub node: u64,
    pub content: Arc<Content>,
}

/// A folder that somebody lists.
pub(super) struct OpenFolder {
    pub node: u64,
    /// As it was when the listing began.
    pub entries: Mutex<Vec<Listed>>,
}

/// A name in a folder.
pub(super) struct Listed {
    pub name: OsString,
    pub ino: u64,
    /// As in a `dirent`.
    pub kind: u32,
}

impl Served {
    /// What lies below is open; a disk of root's serves others too.
    pub fn new(device: OwnedFd, below: OwnedFd, seed: u64, for_others: bool) -> Served {
        Served {
            device,
            faults: Faults::new(seed),
            late: Late::default(),
            waiting: Waiting::default(),
            for_others,
            past_the_cache: AtomicBool::new(false),
            tree: Mutex::new(Tree::new(below)),
            handles: Mutex::default(),
            gate: RwLock::default(),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
        }
    }

    /// Has reads and writes come past the page cache.
    pub fn come_past_the_cache(&self) {
        self.past_the_cache.store(true, Ordering::Relaxed);
    }

    pub(super) fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handles(&self) -> MutexGuard<'_, Handles> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn pass_the_gate(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a request, at once or later.
    pub fn take(self: &Arc<Self>, request: &Request<'_>) {
        match request.opcode {
            opcode::FORGET | opcode::BATCH_FORGET => self.forget(request),
            opcode::INTERRUPT => {
                // One that cannot be read interrupts nobody.
                let _ = { request.body }.u64().map(|unique| self.late.interrupted(unique));
            }
            opcode::READ | opcode::WRITE => self.transfer(request),
            _ => {
                let result = {
                    let _gate = self.pass_the_gate();
                    self.answer_to(request)
                };
                answer(&self.device, request.unique, result);
            }
        }
    }

    fn answer_to(&self, request: &Request<'_>) -> Result<Answer, Errno> {
        let (node, mut body) = (request.node, request.body);
        match request.opcode {
            opcode::LOOKUP => self.find(node, body),
            opcode::GETATTR => self.attributes(node, body),
            opcode::STATFS => self.space(),
            opcode::READLINK => self.read_link(node),
            opcode::OPEN => self.open(node, body),
            opcode::OPENDIR => Ok(self.open_folder(node)),
            opcode::READDIR => self.list(body),
            opcode::RELEASE | opcode::RELEASEDIR => self.close(body.u64()?),
            opcode::FSYNC => self.sync(body),
            opcode::LSEEK => self.seek(body),
            opcode::FSYNCDIR | opcode::DESTROY => Ok(Answer::default()),
            opcode::IOCTL => Err(Errno::ENOTTY),
            opcode::SETATTR => self.change_attributes(node, body),
            opcode::MKNOD | opcode::MKDIR | opcode::SYMLINK | opcode::CREATE => self.make(request),
            opcode::LINK => self.link(node, body),
            opcode::UNLINK => self.remove(node, body, false),
            opcode::RMDIR => self.remove(node, body, true),
            opcode::RENAME => {
                let to = body.u64()?;
                self.rename(node, to, 0, body)
            }
            opcode::RENAME2 => {
                let (to, flags) = (body.u64()?, body.u32()?);
                body.u32()?;
                self.rename(node, to, flags, body)
            }
            opcode::FALLOCATE => self.allocate(body),
            _ => Err(Errno::ENOSYS),
        }
    }

    fn forget(&self, request: &Request<'_>) {
        let one = |body: &mut Body<'_>| Ok::<_, Errno>((body.u64()?, body.u64()?));
        let mut body = request.body;
        let mut tree = self.tree();
        if request.opcode == opcode::FORGET {
            tree.forget(request.node, body.u64().unwrap_or(0));
        } else if let (Ok(count), Ok(_)) = (body.u32(), body.u32()) {
            for _ in 0..count {
                let Ok((node, times)) = one(&mut body) else { return };
                tree.forget(node, times);
            }
        }
    }

    /// Keeps something open; gives what the kernel is told of it.
    pub(super) fn keep_open(&self, opened: Opened) -> (u64, u32) {
        let past = self.past_the_cache.load(Ordering::Relaxed) && matches!(opened, Opened::File(_));
        let mut handles = self.handles();
        handles.next += 1;
        let handle = handles.next;
        handles.open.insert(handle, Arc::new(opened));
        (handle, if past { PAST_THE_CACHE } else { 0 })
    }

    pub(super) fn opened(&self, handle: u64) -> Result<Arc<Opened>, Errno> {
        self.handles().open.get(&handle).cloned().ok_or(Errno::EBADF)
    }

    fn close(&self, handle: u64) -> Result<Answer, Errno> {
        let closed = self.handles().open.remove(&handle);
        // What it is the last for may take its time, and nobody else is to wait for that.
        drop(closed);
        Ok(Answer::default())
    }

    /// A file of a node that somebody has open already: of one without a name there is no other way to it.
    pub(super) fn held(&self, node: u64) -> Result<Arc<Opened>, Errno> {
        let handles = self.handles();
        let of_node = |opened: &&Arc<Opened>| matches!(&***opened, Opened::File(file) if file.node == node);
        handles.open.values().find(of_node).cloned().ok_or(Errno::ESTALE)
    }

    /// Opens the file of a node.
    pub(super) fn open_below(&self, node: u64, writes: bool) -> Result<File, Errno> {
        // Written to is only what can be read as well: what it held is kept until it is synced.
        let how = if writes { OFlag::O_RDWR } else { OFlag::O_RDONLY };
        let path = {
            let tree = self.tree();
            match tree.path(node) {
                Ok(path) => {
                    let how = how | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NOCTTY;
                    return Ok(openat(tree.below(), &path, how, Mode::empty())?.into());
                }
                Err(_) => self.held(node)?,
            }
        };
        let Opened::File(held) = &*path else { return Err(Errno::ESTALE) };
        let again = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&held.file));
        Ok(nix::fcntl::open(again.as_str(), how | OFlag::O_CLOEXEC, Mode::empty())?.into())
    }

    /// What a node is.
    pub(super) fn look(&self, node: u64) -> Result<FileStat, Errno> {
        let found = {
            let tree = self.tree();
            tree.path(node).and_then(|path| tree.look(&path))
        };
        found.or_else(|error| match self.held(node) {
            Ok(opened) => match &*opened {
                Opened::File(held) => fstat(held.file.as_fd()),
                Opened::Folder(_) => Err(error),
            },
            Err(_) => Err(error),
        })
    }

    /// Forgets everything that is not synced; where it is `torn`, only some of it.
    pub fn lose(&self, torn: bool) -> Lost {
        let mut lost = Lost::default();
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        {
            let _alone = self.gate.write().unwrap_or_else(PoisonError::into_inner);
            for (node, content) in self.waiting.all() {
                let back = match self.open_to_put_back(node) {
                    // It has no name any more, and nobody has it open.
                    Err(Errno::ESTALE | Errno::ENOENT) => {
                        content.synced(&self.waiting);
                        continue;
                    }
                    Err(error) => Err(error.into()),
                    Ok(file) => content.lose(&self.waiting, &file, torn.then_some(&mut *random)),
                };
                match back {
                    Ok(forgotten) => {
                        lost.files += 1;
                        lost.bytes += forgotten.bytes;
                        lost.stayed += forgotten.stayed;
                    }
                    Err(_) => lost.failed += 1,
                }
                content.synced(&self.waiting);
                changed.push(node);
            }
        }
        for node in changed {
            let known = {
                let mut tree = self.tree();
                tree.let_go_if_idle(node);
                tree.is_known(node)
            };
            if known {
                tell_changed(&self.device, node);
            }
        }
        lost.written_back = self.waiting.written_back();
        lost
    }

    /// Opens a file for writing whatever its rights say.
    fn open_to_put_back(&self, node: u64) -> Result<File, Errno> {
        match self.open_below(node, true) {
            Err(Errno::EACCES) => {}
            other => return other,
        }
        let tree = self.tree();
        let path = tree.path(node)?;
        let rights = tree.look(&path)?.st_mode & !SFlag::S_IFMT.bits();
        let set = |rights| {
            let follow = nix::sys::stat::FchmodatFlags::FollowSymlink;
            nix::sys::stat::fchmodat(tree.below(), &path, Mode::from_bits_truncate(rights), follow)
        };
        set(rights | Mode::S_IWUSR.bits() | Mode::S_IRUSR.bits())?;
        let opened = openat(tree.below(), &path, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty());
        set(rights)?;
        Ok(opened?.into())
    }
}
