//! From the tree as written to a scenario in which every name is resolved and every type known.

pub mod arguments;
pub mod scenario;
