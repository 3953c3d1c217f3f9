//! From where soak itself asks: from the machine's own network, or from a host.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpSocket, TcpStream, UdpSocket};

use super::hosts::Hosts;
use super::passing::SocketKind;

/// Where soak stands when it asks. What is asked of a host of the run is asked from that host itself, where nothing else
/// is said: nothing else reaches it but by a link.
#[derive(Clone, Debug, Default)]
pub struct Stand {
    hosts: Option<Arc<Hosts>>,
    on: Option<usize>,
}

impl PartialEq for Stand {
    fn eq(&self, other: &Stand) -> bool {
        let same = match (&self.hosts, &other.hosts) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        same && self.on == other.on
    }
}

impl Eq for Stand {}

impl Stand {
    /// In a run with these hosts; on one of them, by its name, where that is said.
    pub fn new(hosts: Option<&Arc<Hosts>>, on: Option<&str>) -> Stand {
        let on = on.and_then(|on| hosts?.find(on));
        Stand { hosts: hosts.cloned(), on }
    }

    /// On a host, whatever is asked.
    pub(super) fn on(hosts: &Arc<Hosts>, host: usize) -> Stand {
        Stand { hosts: Some(Arc::clone(hosts)), on: Some(host) }
    }

    /// The host from which this is asked for something; none where it is the machine itself.
    pub fn host(&self, asked: &str) -> Option<usize> {
        self.on.or_else(|| self.hosts.as_ref()?.find(asked))
    }

    /// Connects to a host and port, from where it stands.
    ///
    /// # Errors
    /// What the kernel said; where the host's name is unknown, one without a number.
    pub async fn connect(&self, asked: &str, port: u16) -> io::Result<TcpStream> {
        match self.open(asked, port, false)? {
            None => TcpStream::connect((asked, port)).await,
            Some((socket, address)) => {
                let socket = TcpSocket::from_std_stream(std::net::TcpStream::from(socket));
                socket.connect(address).await
            }
        }
    }

    /// Connects to `host:port`, as it is written.
    ///
    /// # Errors
    /// As [`Stand::connect`].
    pub async fn connect_to(&self, address: &str) -> io::Result<TcpStream> {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
        let port: u16 = port.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.connect(host.trim_matches(['[', ']']), port).await
    }

    /// A socket of datagrams to a host and port, on a host; nothing where it is the machine itself that asks.
    ///
    /// # Errors
    /// As [`Stand::connect`].
    pub async fn datagrams(&self, asked: &str, port: u16) -> io::Result<Option<UdpSocket>> {
        let Some((socket, address)) = self.open(asked, port, true)? else { return Ok(None) };
        let socket = UdpSocket::from_std(std::net::UdpSocket::from(socket))?;
        // The kernel gives it a port of its own when it is connected.
        socket.connect(address).await?;
        Ok(Some(socket))
    }

    fn open(
        &self,
        asked: &str,
        port: u16,
        datagrams: bool,
    ) -> io::Result<Option<(std::os::fd::OwnedFd, SocketAddr)>> {
        let (Some(hosts), Some(host)) = (&self.hosts, self.host(asked)) else { return Ok(None) };
        let address = address_of(hosts, asked).ok_or_else(|| {
            // A host has no way out to whoever else could be asked for the name.
            io::Error::other(format!("`{asked}` is no host of this scenario"))
        })?;
        let socket = hosts.socket(host, SocketKind { v6: address.is_ipv6(), datagrams })?;
        Ok(Some((socket, SocketAddr::new(address, port))))
    }
}

fn address_of(hosts: &Hosts, asked: &str) -> Option<IpAddr> {
    match asked {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        "ip6-localhost" => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        _ => hosts.address(asked).or_else(|| asked.parse().ok()),
    }
}
