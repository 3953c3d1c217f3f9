//! Links that are real network interfaces: rules and queues of soak's own in the kernel, which go with the run.
//!
//! [`rules`] and [`queue`] write down what a condition takes, and know neither the kernel nor the run; [`Interface`] carries it
//! out, in the order in which it was asked, on a thread of its own. Rules are nft's: silence, refusal and loss. Queues are tc's: tbf
//! for bandwidth, netem for what holds single packets back. What comes in has a queue only on a device of soak's
//! own (ifb), to which nft hands it over. [`Names`] is how the journal knows all of that again.

mod connections;
mod counts;
mod device;
mod echo;
mod kernel;
mod names;
mod queue;
mod rules;
mod session;
mod tools;

pub use device::{Interface, InterfaceError, InterfaceOptions};
pub use names::Names;
pub use queue::{BANDWIDTH, NETEM_WORDS, try_bandwidth, try_netem};
pub use rules::try_rules;
pub use tools::{Prefix, Tool, ToolError};
