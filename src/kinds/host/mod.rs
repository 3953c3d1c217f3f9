//! Hosts: networks of soak's own on this machine, joined by links that soak carries the packets of.
//!
//! A helper process ([`helper`], the hidden subcommand [`SUBCOMMAND`]) holds all of it: a user namespace where it needs
//! one, a network namespace for each host, network cards, routes, and the threads of the links
//! ([`crate::kinds::link::emulator`]). Nothing of it has a name or a place in a file system, so that the kernel takes it
//! all away when the last process in it is gone. The run has a [`network::Network`] to talk to it, and [`hosts::Hosts`]
//! to start programs on a host and to open sockets there.

#[cfg(target_os = "linux")]
mod build;
#[cfg(target_os = "linux")]
mod error;
#[cfg(target_os = "linux")]
mod helper;
#[cfg(target_os = "linux")]
pub mod hosts;
#[cfg(target_os = "linux")]
pub mod message;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
pub mod network;
#[cfg(target_os = "linux")]
mod passing;
#[cfg(target_os = "linux")]
mod routes;
pub mod signature;
#[cfg(target_os = "linux")]
pub mod stand;
#[cfg(target_os = "linux")]
mod trial;

#[cfg(target_os = "linux")]
pub use error::{NetworkError, what_to_do};
#[cfg(target_os = "linux")]
pub use helper::main;
#[cfg(target_os = "linux")]
pub use trial::try_out;

/// The hidden subcommand that makes soak the helper of a virtual network.
pub const SUBCOMMAND: &str = "network";
