//! What a link with `http` does to single requests and answers.
//!
//! [`Stage`] stands between the link's proxy and the server: the proxy connects on to it instead of to the server, so that
//! whatever else the link is told holds for its answers as for any others. Bytes pass as they are; only who is in the way
//! of one request reads its head. What is no HTTP/1 passes untouched, and is counted.

mod body;
mod disturbance;
mod exchange;
mod stage;
mod tally;
mod wire;

pub use disturbance::{Delay, Disturbance, Refusal};
pub use stage::{Stage, StageError};
pub use tally::Seen;
