//! The vocabulary: one file or folder a kind, and one list of them.
//!
//! What a kind declares is the same on every platform; what makes it act stands beside it, for Linux only.

#[cfg(target_os = "linux")]
mod buffered;
#[cfg(target_os = "linux")]
pub mod carrier;
#[cfg(target_os = "linux")]
pub mod client;
pub mod database;
#[cfg(target_os = "linux")]
mod deadlines;
#[cfg(target_os = "linux")]
pub mod descriptors;
pub mod disk;
mod form;
pub mod grpc;
#[cfg(target_os = "linux")]
mod helper;
pub mod host;
pub mod http;
pub mod link;
pub mod machine;
pub mod mqtt;
#[cfg(target_os = "linux")]
mod names;
pub mod nats;
#[cfg(target_os = "linux")]
mod pattern;
#[cfg(target_os = "linux")]
pub mod payload;
#[cfg(target_os = "linux")]
mod place;
#[cfg(target_os = "linux")]
mod pool;
pub mod process;
pub mod reach;
pub mod redis;
mod reference;
#[cfg(target_os = "linux")]
pub mod request;
pub mod show;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(target_os = "linux")]
pub mod stream;
#[cfg(target_os = "linux")]
mod stretch;
#[cfg(target_os = "linux")]
mod talk;
pub mod tcp;
pub mod tls;
pub mod udp;
#[cfg(target_os = "linux")]
pub mod undo;
pub mod websocket;
#[cfg(target_os = "linux")]
mod wire;

use crate::lang::signature::Kind;
pub use reference::reference;

/// Every kind, in the order in which they are told.
pub const KINDS: &[&Kind] = &[
    &process::signature::KIND,
    &link::signature::KIND,
    &host::signature::KIND,
    &disk::signature::KIND,
    &database::signature::KIND,
    &http::signature::KIND,
    &websocket::signature::KIND,
    &grpc::signature::KIND,
    &tcp::signature::KIND,
    &udp::signature::KIND,
    &redis::signature::KIND,
    &mqtt::signature::KIND,
    &nats::signature::KIND,
    &machine::signature::KIND,
];

/// How many letters may be wrong in a word that is taken for another: one in three, at least one.
const LETTERS_PER_MISTAKE: usize = 3;

/// The kind of a name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.name == name)
}

/// The kind whose name comes closest to a misspelt one, if any comes close.
pub fn nearest(name: &str) -> Option<&'static Kind> {
    let longest = KINDS.iter().map(|kind| kind.name.len()).max()?;
    if name.len() > 2 * longest {
        return None;
    }
    let name = name.to_lowercase();
    let distance = |kind: &Kind| strsim::damerau_levenshtein(&name, kind.name);
    let (distance, kind) =
        KINDS.iter().map(|kind| (distance(kind), *kind)).min_by_key(|(distance, _)| *distance)?;
    let allowed = (name.chars().count() / LETTERS_PER_MISTAKE).max(1);
    (distance <= allowed).then_some(kind)
}
