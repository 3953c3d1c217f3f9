//! The machine that soak runs on: what it is busy with, and how it can be made busier.

pub mod signature;
