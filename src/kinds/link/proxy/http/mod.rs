//! What a proxy does that understands HTTP/1.1: it sees every request and answer that passes, and can answer itself, hold
//! back and tear.
//!
//! It stands between the impaired way and the server, so that what the link answers itself takes the same way as an answer
//! of the server. [`exchange`] decides what becomes of each byte and knows neither sockets nor clocks; [`wire`] is the
//! server's end of a connection with an exchange before it. Where nothing is asked, every byte passes at once and
//! unchanged. What is no HTTP/1.1 (TLS, HTTP/2), and what follows a switch of protocols, passes untouched.

mod body;
mod disturbance;
mod exchange;
mod head;
mod tally;
mod wire;

pub use disturbance::{Delay, Disturbance, OwnAnswer};
pub use exchange::MOST_PENDING;
pub use head::LONGEST_HEAD;
pub(super) use tally::Http;
pub use tally::HttpCounters;
pub(super) use wire::HttpWire;
