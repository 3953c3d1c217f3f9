//! What a declared target is asked through: one entry for each kind that a requester is made of by its settings.
//!
//! Each thread that asks makes its own: the interpreter's for requests of the story, the engine's for loads.

use super::http::client::HttpClient;
use super::redis::client::RedisClient;
use super::request::Requester;
use super::tcp::client::TcpClient;
use super::udp::client::UdpClient;
use super::undo::RunId;
use super::websocket::client::WebSocketClient;
use crate::lang::call::Arguments;
use std::fmt::Display;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What a client knows of the run it belongs to, beside its settings.
#[derive(Clone, Debug)]
pub struct Around {
    /// The run's own name.
    pub run: RunId,
    /// Where relative paths start.
    pub folder: PathBuf,
    /// How many connections all clients of one target have open, of what counts them.
    pub open: Arc<AtomicU64>,
}

/// Why a target cannot be used: one sentence, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ClientError(String);

impl ClientError {
    /// From what a kind says of its settings.
    pub fn new(reason: impl Display) -> ClientError {
        ClientError(reason.to_string())
    }
}

/// Makes a client from the evaluated settings of a target. It opens nothing yet.
pub type MakeClient = fn(&Arguments, &Around) -> Result<Rc<dyn Requester>, ClientError>;

/// The kinds whose clients need nothing but their settings, by name.
const CLIENTS: &[(&str, MakeClient)] = &[
    ("http", |settings, _| made(HttpClient::new(settings))),
    ("websocket", |settings, around| made(WebSocketClient::new(settings, around))),
    ("tcp", |settings, _| made(TcpClient::new(settings))),
    ("udp", |settings, _| made(UdpClient::new(settings))),
    ("redis", |settings, _| made(RedisClient::new(settings))),
];

/// How a kind's clients are made, where they are made so.
pub fn of_kind(name: &str) -> Option<MakeClient> {
    CLIENTS.iter().find(|(kind, _)| *kind == name).map(|(_, make)| *make)
}

fn made<T: Requester + 'static>(client: Result<T, impl Display>) -> Result<Rc<dyn Requester>, ClientError> {
    match client {
        Ok(client) => Ok(Rc::new(client)),
        Err(reason) => Err(ClientError::new(reason)),
    }
}
