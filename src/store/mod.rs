//! The undo journal and the guardian that carries it out when a run dies.

pub mod guardian;
pub mod journal;
mod journal_file;
pub mod recover;
pub mod state_folder;
