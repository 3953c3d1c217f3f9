//! Processes under test: started, supervised, faulted, measured, and gone afterwards.

pub mod signature;
