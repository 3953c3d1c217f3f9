//! The emulator of links between hosts: packets of one virtual network card come out of another, impaired as is asked.
//!
//! [`Emulator`] is the engine: a thread of its own that has one packet socket (packet(7)) on either [`End`] of a link and
//! passes on what comes in under the present [`Condition`]. What happens to a packet is decided in [`lane`], which
//! knows neither sockets nor clocks. Where nothing is to be done to single packets, those that the kernel left joined
//! stay so.

mod chance;
mod clock;
mod condition;
mod end;
mod engine;
mod flows;
mod lane;
mod port;
mod segment;
mod tally;

use std::time::Duration;

pub(super) use clock::{Nanos, now};
pub(super) use condition::Passage;
pub use condition::{Condition, Degraded, Impairment, Side};
pub(super) use end::{Came, End, Talkers};
pub use engine::{Emulator, Reply, wake_soon};
pub use flows::MOST_CONNECTIONS;
pub(super) use segment::{ETHERNET, Head};
pub use tally::{Counters, Delays, Tally};

/// How long a packet that is to be overtaken waits for another one.
pub const PATIENCE: Duration = Duration::from_millis(10);
/// The queue of a bandwidth is so long, where its length is not said.
pub const QUEUE_TIME: Duration = Duration::from_millis(200);
/// It is at least as long, in bytes.
pub const QUEUE_LEAST: f64 = 32_000.0;
