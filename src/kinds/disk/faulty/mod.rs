//! Faulty disks: a file system of soak's own (FUSE) over a folder or a disk in memory, that can be made slow, failing,
//! read-only and forgetful.
//!
//! A helper process ([`helper`], the hidden subcommand [`SUBCOMMAND`]) serves it: it speaks the kernel's protocol
//! ([`wire`]) and hands everything on to what lies below, which it holds open from before it was covered. It never comes by
//! the disk's path itself, so that nothing it waits for waits for it; the run, which does, is another process. The kernel
//! takes the disk away when the helper is gone, and its place with the run's mount namespace.
//!
//! What a power cut takes ([`unsynced`]) is modelled for what is in files: their content and what they grew by counts once
//! it is synced (fsync, fdatasync, `O_SYNC`, `O_DSYNC`, msync). Names, folders, rights and files made shorter count at once,
//! as with a journal.

mod content;
mod disk;
mod faults;
mod helper;
mod late;
mod message;
mod names;
mod served;
mod session;
mod tree;
mod unsynced;
mod wire;

pub use disk::{FaultyDisk, FaultyError, try_out};
pub use helper::main;
pub use message::{Fault, Lost, Sort, Tally};

/// The hidden subcommand that makes soak the helper of a faulty disk.
pub const SUBCOMMAND: &str = "disk";
/// What faulty disks are made with.
pub const DEVICE: &str = "/dev/fuse";
