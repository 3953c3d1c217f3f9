//! The codes of the checker, one part a subject, as its messages are divided.

pub(super) mod arguments;
pub(super) mod lint;
pub(super) mod load;
pub(super) mod measure;
pub(super) mod names;
pub(super) mod safety;
pub(super) mod time;
pub(super) mod types;
