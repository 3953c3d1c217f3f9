//! Why an undo could not be carried out.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::kinds::link::interface::ToolError;

/// Something soak made is still there.
#[derive(Debug, Error)]
pub enum UndoError {
    /// Processes outlived SIGKILL for the whole limit; the kernel holds them, usually in a device or a dead mount.
    #[error("still alive after SIGKILL: {}; look at what they wait for with `ps -o pid,stat,wchan`", numbers(.pids))]
    StillAlive { pids: Vec<i32> },
    /// A process changed its user and can no longer be signalled.
    #[error("not permitted to signal {}; end them as their own user or as root", numbers(.pids))]
    NotPermitted { pids: Vec<i32> },
    /// The list of processes could not be read.
    #[error("cannot read the list of processes in /proc: {reason}")]
    NoProcessTable { reason: io::Error },
    /// A path in the journal does not start at the root, so it means nothing to another process.
    #[error("`{}` is not an absolute path and is left alone", .path.display())]
    RelativePath { path: PathBuf },
    /// A file or folder has no proof that this run made it.
    #[error("`{}` carries no sign that soak made it and is left alone", .path.display())]
    NotOwned { path: PathBuf },
    /// Something is mounted below a folder; removing the folder would empty what is mounted.
    #[error("`{}` is mounted inside a folder to be removed; unmount it first", .path.display())]
    MountedInside { path: PathBuf },
    /// Whoever supervises a service did not do what it was told.
    #[error("`{command}` failed: {reason}")]
    Service { command: String, reason: String },
    /// What soak put on an interface is still there.
    #[error(
        "cannot take what is soak's own off the interface `{interface}`: {reason}; as root, `nft delete table inet {table}` and `tc qdisc del dev {interface} root` do"
    )]
    Interface { interface: String, table: String, reason: ToolError },
    /// A file or folder could not be read or removed.
    #[error("cannot remove `{}`: {reason}", .path.display())]
    Remove { path: PathBuf, reason: io::Error },
}

fn numbers(pids: &[i32]) -> String {
    let words: Vec<String> = pids.iter().map(ToString::to_string).collect();
    format!("process {}", words.join(", "))
}
