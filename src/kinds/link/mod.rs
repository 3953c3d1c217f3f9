//! Links: a TCP proxy between what talks and what listens, and the faults it can be given.

pub mod signature;
