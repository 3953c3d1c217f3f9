//! The proxy for UDP behind a link: it takes datagrams in at one address and passes them on to another, from a socket of its
//! own for each client, so that answers find their way back.
//!
//! What becomes of a datagram on its way is decided by the [`Emulator`](super::emulator::Emulator) of links between hosts:
//! a datagram is to it a frame whose Ethernet header says which client it belongs to. So loss, reordering and the rest
//! mean the same on both.
//!
//! What a proxy in user space cannot imitate: that nobody listens at the server is not passed on to the client.

mod clients;
mod door;
mod end;
mod proxy;
mod socket;

pub use clients::{IDLE, MOST_CLIENTS};
pub use proxy::{DatagramOptions, DatagramProxy, Ended};
