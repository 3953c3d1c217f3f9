//! Databases: a pool of connections that statements are sent through, and what can be done to a database and to those
//! who use it.
//!
//! What differs from one database to the next stands in a file each: [`postgres`], [`mysql`] and [`sqlite`] make
//! [`session::Session`]s, everything else is the same for all.

#[cfg(target_os = "linux")]
mod cause;
#[cfg(target_os = "linux")]
pub mod client;
#[cfg(target_os = "linux")]
pub mod disturb;
#[cfg(all(target_os = "linux", feature = "mysql"))]
mod mysql;
#[cfg(target_os = "linux")]
mod postgres;
#[cfg(target_os = "linux")]
mod prepared;
#[cfg(target_os = "linux")]
mod session;
pub mod signature;
#[cfg(target_os = "linux")]
mod sqlite;
#[cfg(target_os = "linux")]
pub mod statement;
#[cfg(target_os = "linux")]
mod template;
