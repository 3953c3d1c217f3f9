//! Conversations beyond what one process may hold: a process has so many descriptors and no more, so others of soak's own
//! program hold the rest.
//!
//! A carrier is this program started again with the hidden subcommand [`SUBCOMMAND`]. It makes a client of the target's
//! settings, opens what it is told to, takes the turns it is told to take, and answers each over the socket that is its
//! standard input. Whoever started it sees a conversation like any other and counts it where all are counted. A carrier
//! ends when that socket does, so it cannot outlive the run.

mod asked;
mod carried;
mod message;
mod worker;

pub use carried::carried;
pub use worker::main;

/// The hidden subcommand that makes soak a carrier.
pub const SUBCOMMAND: &str = "carrier";

/// Descriptors that a process needs beside its connections, at least.
const SPARE: u64 = 64;
