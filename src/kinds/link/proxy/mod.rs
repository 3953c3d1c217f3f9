//! The TCP proxy behind a link.
//!
//! [`Proxy`] is the engine: it listens at one address, connects on to another, and carries what flows between
//! them under the present [`Condition`], in pieces where that is asked for, and with a [`Disturbance`] where it understands
//! HTTP. Everything it does happens on a thread of its own.
//!
//! What a proxy in user space cannot imitate: the kernel answers a client's handshake and its keep-alive probes
//! whatever the condition is, and acknowledges what fits into the socket's buffer.

mod condition;
mod connection;
mod counters;
mod door;
mod engine;
mod error;
mod http;
mod probe;
mod pump;
mod registry;
mod setting;
mod transit;
mod wire;

pub use condition::{Condition, Direction, Impairment};
pub use connection::{CONNECT_LIMIT, CUT_GRACE};
pub use counters::{Counters, Delays, Measured};
pub(super) use door::open_first;
pub use engine::{Proxy, ProxyOptions};
pub use error::ProxyError;
pub use http::{Delay, Disturbance, HttpCounters, LONGEST_HEAD, MOST_PENDING, OwnAnswer};
pub use pump::{CHUNK, PIECE_GAP};
pub use registry::CONNECTION_LIMIT;
pub use transit::{DIRECTION_LIMIT, LINK_LIMIT};
