//! From the tree as written to a scenario in which every name is resolved and every type known.

pub mod call;
pub mod scenario;
