//! The port that datagrams come to: open, or really closed and yet kept.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::libc;

use super::super::proxy::{ProxyError, open_first};
use super::socket;

/// A port that can be closed without being given up.
///
/// Closed, its socket is connected to itself: the kernel hands it only what comes from its own address, answers everybody
/// else that nobody listens, and lets nobody else have the port.
pub(super) struct Door {
    pub socket: UdpSocket,
    address: SocketAddr,
    closed: bool,
}

impl Door {
    /// Opens a port at the first of the addresses that works.
    pub fn open(listen: &str, addresses: Vec<SocketAddr>) -> Result<Door, ProxyError> {
        open_first(listen, addresses, Door::bind)
    }

    fn bind(wanted: SocketAddr) -> io::Result<Door> {
        let mut socket = UdpSocket::bind(wanted)?;
        let address = socket.local_addr()?;
        if wanted.port() == 0 {
            // A port that the kernel chose is given up with the connection; one asked for by number is kept.
            drop(socket);
            socket = UdpSocket::bind(address)?;
        }
        socket.set_nonblocking(true)?;
        socket::make_room(&socket);
        Ok(Door { socket, address, closed: false })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Closes the port, or opens it again. It fails only for want of memory; then the port is as it was.
    pub fn close(&mut self, closed: bool) {
        let done = if closed { self.socket.connect(self.near()) } else { self.disconnect() };
        if done.is_ok() {
            self.closed = closed;
        }
    }

    fn disconnect(&self) -> io::Result<()> {
        // SAFETY: all zeros are a valid address.
        let mut nobody: libc::sockaddr = unsafe { std::mem::zeroed() };
        nobody.sa_family = libc::AF_UNSPEC as libc::sa_family_t;
        let length = std::mem::size_of_val(&nobody) as libc::socklen_t;
        // SAFETY: the address is as long as is said and is only read.
        let answer = unsafe { libc::connect(self.socket.as_raw_fd(), &raw const nobody, length) };
        if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Whether a datagram to the port is refused, found out by sending one. The kernel tells at once, for it goes no further
    /// than this machine.
    pub fn refuses(&self) -> bool {
        let sent = UdpSocket::bind(socket::any(self.address)).and_then(|stranger| {
            stranger.set_nonblocking(true)?;
            stranger.connect(self.near())?;
            stranger.send(&[])?;
            stranger.recv(&mut [0])
        });
        sent.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    }

    /// Where the port is for this machine itself.
    fn near(&self) -> SocketAddr {
        let address = match self.address.ip() {
            IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            address => address,
        };
        SocketAddr::new(address, self.address.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_port_refuses_is_kept_and_opens_again() {
        for listen in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
            let mut door =
                Door::open(listen, vec![listen.parse().unwrap()]).unwrap_or_else(|error| panic!("{error}"));
            let client = UdpSocket::bind(socket::any(door.address())).unwrap();
            client.connect(door.near()).unwrap();
            for _ in 0..3 {
                client.send(b"hello").unwrap();
                let mut came = [0; 9];
                assert_eq!(door.socket.recv_from(&mut came).unwrap().0, 5, "{listen}");
                door.close(true);
                assert!(door.refuses(), "{listen}");
                assert!(UdpSocket::bind(door.address()).is_err(), "{listen} was given up");
                client.send(b"unheard").unwrap();
                assert_eq!(client.recv(&mut came).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
                assert!(door.socket.recv_from(&mut came).is_err());
                door.close(false);
                assert!(!door.refuses());
                // What it was tried with.
                assert_eq!(door.socket.recv_from(&mut came).unwrap().0, 0);
            }
        }
    }
}
