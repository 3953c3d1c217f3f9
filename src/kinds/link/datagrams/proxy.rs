//! The handle on a link's proxy of datagrams.

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::net::lookup_host;
use tokio::sync::oneshot;

use super::super::emulator::{Condition, Counters, Emulator, Reply};
use super::super::proxy::ProxyError;
use super::clients::Clients;
use super::door::Door;
use super::end::ends;

/// What a proxy of datagrams is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatagramOptions {
    /// The link's name.
    pub name: String,
    /// Where to take datagrams in, as `host:port`; port 0 lets the kernel choose.
    pub listen: String,
    /// Where to pass them on to, as `host:port`, looked up once.
    pub to: String,
    /// Where chance comes from: the same seed gives the same draws.
    pub seed: u64,
}

/// A running proxy of datagrams. Dropping it closes its port and its sockets.
pub struct DatagramProxy {
    emulator: Emulator,
    address: SocketAddr,
}

/// The thread of the link has ended.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the link's thread has ended")]
pub struct Ended;

impl DatagramProxy {
    /// Starts a proxy whose condition is [`Condition::On`], with the port open when this returns.
    ///
    /// # Errors
    /// When an address cannot be found or listened on, or the thread cannot be started.
    pub async fn start(options: &DatagramOptions) -> Result<DatagramProxy, ProxyError> {
        let listen = options.listen.clone();
        let found = lookup_host(&listen).await;
        let found = found.map_err(|source| ProxyError::Unresolved { listen: listen.clone(), source })?;
        let to = server(&options.to).await?;
        let door = Door::open(&listen, found.collect())?;
        let address = door.address();
        let clients = Clients::of(to).map_err(|source| ProxyError::Thread { source })?;
        let emulator = Emulator::between(&options.name, ends(door, clients), options.seed);
        let emulator = emulator.map_err(|source| ProxyError::Thread { source })?;
        Ok(DatagramProxy { emulator, address })
    }

    /// Where the proxy listens, with the real port.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the condition. The order is on its way when this returns; what it returns waits until it is in force.
    pub fn set(&self, condition: Condition) -> impl Future<Output = Result<(), Ended>> + use<> {
        let told = ask(|reply| self.emulator.set(condition, reply));
        async { told.await.map_err(|_| Ended) }
    }

    /// What has been carried and done until now.
    pub fn counters(&self) -> impl Future<Output = Result<Counters, Ended>> + use<> {
        let told = ask(|reply| self.emulator.count(reply));
        async { told.await.map_err(|_| Ended) }
    }

    /// The time that a datagram of soak's own takes there and back through the link; nothing where it is not back within
    /// `patience`.
    pub fn probe(&self, patience: Duration) -> impl Future<Output = Option<Duration>> + use<> {
        let took = ask(|reply| self.emulator.probe(reply));
        async move { tokio::time::timeout(patience, took).await.ok()?.ok() }
    }
}

/// The first address of the server, IPv4 before IPv6.
async fn server(to: &str) -> Result<SocketAddr, ProxyError> {
    let unknown = |source| ProxyError::UnknownServer { to: to.to_string(), source };
    let mut found: Vec<SocketAddr> = lookup_host(to).await.map_err(unknown)?.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    found.first().copied().ok_or_else(|| unknown(std::io::ErrorKind::AddrNotAvailable.into()))
}

/// Gives an order whose answer comes from the link's thread.
fn ask<T: Send + 'static>(order: impl FnOnce(Reply<T>)) -> oneshot::Receiver<T> {
    let (tell, told) = oneshot::channel();
    order(Box::new(move |answer| {
        // Nobody waits for it any more.
        let _ = tell.send(answer);
    }));
    told
}
