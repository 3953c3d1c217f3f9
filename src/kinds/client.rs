//! What a declared target is asked through: one entry for each kind that a requester is made of by its settings.
//!
//! Each thread that asks makes its own: the interpreter's for requests of the story, the engine's for loads.

use super::carrier::carried;
use super::database::client::DatabaseClient;
use super::host::hosts::{Hosts, Place};
use super::host::stand::Stand;
use super::http::client::HttpClient;
use super::mqtt::client::MqttClient;
use super::nats::client::NatsClient;
use super::reach::Reach;
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
use std::sync::atomic::{AtomicU64, Ordering};

/// What a client knows of the run it belongs to, beside its settings.
#[derive(Clone, Debug)]
pub struct Around {
    /// The run's own name.
    pub run: RunId,
    /// Where relative paths start.
    pub folder: PathBuf,
    /// How many connections all clients of one target have open, of what counts them.
    pub open: Arc<AtomicU64>,
    /// How many connections other processes hold to the same place.
    pub before: u64,
    /// Whom the run may ask.
    pub reach: Arc<Reach>,
    /// The hosts of the run, where it has any.
    pub hosts: Option<Arc<Hosts>>,
}

impl Around {
    /// For a run in a folder, that may ask this machine only and has no hosts.
    pub fn new(run: RunId, folder: PathBuf) -> Around {
        Around { run, folder, open: Arc::default(), before: 0, reach: Arc::default(), hosts: None }
    }

    /// From where a target is asked: from the host that its setting `on` names, where it has one.
    pub fn stand(&self, settings: &Arguments) -> Stand {
        Stand::new(self.hosts.as_ref(), settings.text("on"))
    }

    /// The host on which a process that asks a target has to be started, where it is to be one.
    pub fn place(&self, settings: &Arguments) -> Option<Place> {
        let hosts = self.hosts.as_ref()?;
        let url = settings.text("url").or(settings.text("address")).unwrap_or_default();
        let asked = url.parse().ok().and_then(|uri: hyper::Uri| uri.host().map(str::to_string));
        let host = self.stand(settings).host(&asked.unwrap_or_default())?;
        Some(Place { hosts: Arc::clone(hosts), host })
    }

    /// A name that no other client has, of this run or of another.
    pub fn unique(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        format!("soak-{}-{}", self.run, NEXT.fetch_add(1, Ordering::Relaxed))
    }
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
    ("database", |settings, around| made(DatabaseClient::new(settings, around))),
    ("http", |settings, around| made(HttpClient::new(settings, around))),
    ("websocket", |settings, around| made(WebSocketClient::new(settings, around))),
    ("tcp", |settings, around| made(TcpClient::new(settings, around))),
    ("udp", |settings, around| made(UdpClient::new(settings, around))),
    ("redis", |settings, around| made(RedisClient::new(settings, around))),
    #[cfg(feature = "grpc")]
    ("grpc", |settings, around| made(super::grpc::client::GrpcClient::new(settings, around))),
    ("mqtt", |settings, around| made(MqttClient::new(settings, around))),
    ("nats", |settings, around| made(NatsClient::new(settings, around))),
];

/// The kinds whose conversations may be more than one process can hold.
const CARRIED: &[(&str, MakeClient)] = &[
    ("websocket", |settings, around| held("websocket", settings, around)),
    ("mqtt", |settings, around| held("mqtt", settings, around)),
    ("nats", |settings, around| held("nats", settings, around)),
];

/// How a kind's clients are made, where they are made so.
pub fn of_kind(name: &str) -> Option<MakeClient> {
    let mut all = CARRIED.iter().chain(CLIENTS);
    all.find(|(kind, _)| *kind == name).map(|(_, make)| *make)
}

/// How a kind's clients are made that hold all their connections themselves.
pub fn plain(name: &str) -> Option<MakeClient> {
    CLIENTS.iter().find(|(kind, _)| *kind == name).map(|(_, make)| *make)
}

fn held(kind: &'static str, settings: &Arguments, around: &Around) -> Result<Rc<dyn Requester>, ClientError> {
    let make = plain(kind).ok_or_else(|| ClientError::new("a kind without a client"))?;
    Ok(carried(kind, make(settings, around)?, settings, around))
}

fn made<T: Requester + 'static>(client: Result<T, impl Display>) -> Result<Rc<dyn Requester>, ClientError> {
    match client {
        Ok(client) => Ok(Rc::new(client)),
        Err(reason) => Err(ClientError::new(reason)),
    }
}
