//! Disks: a folder that is written to, emptied and measured, and the faults it can be given.

pub mod signature;
