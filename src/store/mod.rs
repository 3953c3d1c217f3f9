//! What a run keeps on disk: its record, and on Linux the undo journal and the guardian that carries it out.

pub mod record;
