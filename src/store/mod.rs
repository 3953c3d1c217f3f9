//! What a run keeps on disk: its record, and on Linux the undo journal and the guardian that carries it out.

#[cfg(target_os = "linux")]
pub mod guardian;
#[cfg(target_os = "linux")]
pub mod journal;
#[cfg(target_os = "linux")]
mod journal_file;
pub mod record;
#[cfg(target_os = "linux")]
pub mod recover;
#[cfg(target_os = "linux")]
pub mod state_folder;
