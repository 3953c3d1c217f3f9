//! The port a link listens on: open, or really closed and yet kept.

use std::io;
use std::net::{SocketAddr, TcpListener as PlainListener};
use std::os::fd::AsRawFd;

use nix::sys::socket::{Backlog, Shutdown, listen, setsockopt, shutdown, sockopt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::error::ProxyError;

/// Connections the kernel keeps until they are accepted.
const BACKLOG: u16 = 4096;

/// A listening port that can be closed without being given up.
///
/// Closed, the socket stays bound but no longer listens: the kernel answers every attempt to connect with a
/// reset, and nobody else can take the port. Linux lets a listening socket be shut down for reading and be made
/// to listen again later. While it does not listen, "address reuse" is switched off on it, because two sockets
/// that both have it may share a port that neither listens on, and one of them would then take it.
#[derive(Debug)]
pub(super) struct Door {
    socket: PlainListener,
    address: SocketAddr,
    /// The same socket as the runtime knows it, only while it listens: shutting it down is a final state to the
    /// runtime.
    listener: Option<TcpListener>,
}

impl Door {
    /// Opens a port at the first address of `name` (`host:port`) that works.
    pub async fn open(name: &str) -> Result<Door, ProxyError> {
        let found = tokio::net::lookup_host(name)
            .await
            .map_err(|source| ProxyError::Unresolved { listen: name.to_string(), source })?;
        open_first(name, found.collect(), Door::bind)
    }

    fn bind(wanted: SocketAddr) -> io::Result<Door> {
        let first = bound(wanted)?;
        let address = first.local_addr()?;
        // A port that the kernel chose is given up when the socket stops listening; one asked for by number is
        // kept. So it is asked for by its number, while the first socket still holds it.
        let socket = if wanted.port() == 0 { bound(address)? } else { first };
        let socket = socket.listen(u32::from(BACKLOG))?.into_std()?;
        let listener = TcpListener::from_std(socket.try_clone()?)?;
        Ok(Door { socket, address, listener: Some(listener) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The listener, opened again if it was closed. May fail for a moment, for want of file descriptors.
    pub fn listener(&mut self) -> io::Result<&TcpListener> {
        let listener = match self.listener.take() {
            Some(listener) => listener,
            None => {
                setsockopt(&self.socket, sockopt::ReuseAddr, &true)?;
                listen(&self.socket, Backlog::new(i32::from(BACKLOG))?)?;
                TcpListener::from_std(self.socket.try_clone()?)?
            }
        };
        Ok(self.listener.insert(listener))
    }

    /// Stops listening. Connections that nobody has accepted yet are reset by the kernel.
    pub fn close(&mut self) {
        self.listener = None;
        // Neither can fail on a socket that listens; one that does not is as it should be.
        let _ = setsockopt(&self.socket, sockopt::ReuseAddr, &false);
        let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Read);
    }

    /// Whether an attempt to connect is refused, found out by making one.
    pub async fn refuses(&self) -> bool {
        TcpStream::connect(self.address)
            .await
            .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    }
}

/// Opens what listens at the first of the addresses of `listen` that works. IPv4 goes before IPv6, since programs that know
/// `localhost` try both and those that know an address mostly know 127.0.0.1.
pub(in crate::kinds::link) fn open_first<Door>(
    listen: &str,
    mut addresses: Vec<SocketAddr>,
    bind: impl Fn(SocketAddr) -> io::Result<Door>,
) -> Result<Door, ProxyError> {
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let mut failure = None;
    for address in addresses {
        match bind(address) {
            Ok(door) => return Ok(door),
            Err(source) => {
                failure.get_or_insert(ProxyError::listening(address, source));
            }
        }
    }
    Err(failure.unwrap_or_else(|| ProxyError::NoAddress { listen: listen.to_string() }))
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
