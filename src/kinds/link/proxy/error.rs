//! Why a proxy could not be started.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// Why a proxy could not be started.
#[derive(Debug, Error)]
pub enum ProxyError {
    #[error(
        "{address} is in use by another program; stop that program or let the link listen on another port"
    )]
    PortTaken { address: SocketAddr },
    #[error("not allowed to listen on {address}; ports below 1024 need a privilege, take a higher one")]
    NotPermitted { address: SocketAddr },
    #[error("{address} is no address of this machine, so a link cannot listen there")]
    NotLocal { address: SocketAddr },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot find the address of `{listen}`, where the link should listen: {source}")]
    Unresolved { listen: String, source: io::Error },
    #[error("`{listen}` has no address that a link could listen on")]
    NoAddress { listen: String },
    #[error("cannot find the address of `{to}`, which the link should pass on to: {source}")]
    UnknownServer { to: String, source: io::Error },
    #[error("cannot start the link's thread: {source}")]
    Thread { source: io::Error },
}

impl ProxyError {
    /// The error for a failure to listen on `address`.
    pub(super) fn listening(address: SocketAddr, source: io::Error) -> ProxyError {
        match source.kind() {
            io::ErrorKind::AddrInUse => ProxyError::PortTaken { address },
            io::ErrorKind::PermissionDenied => ProxyError::NotPermitted { address },
            io::ErrorKind::AddrNotAvailable => ProxyError::NotLocal { address },
            _ => ProxyError::Listen { address, source },
        }
    }
}
