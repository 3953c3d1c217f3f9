//! What all clients over TCP share: where a target is, how a connection to it is opened, and what went wrong by its
//! cause.

use super::client::Around;
use super::host::stand::Stand;
use super::names::Name;
use super::request::RequestError;
use super::tls;
use crate::lang::call::Arguments;
use hyper::http::uri::Authority;
use nix::sys::socket::{setsockopt, sockopt};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};

/// What a request may take where neither its target nor the request itself says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Linux gives out some 28,000 local ports for one pair of addresses, first those of one half, and searches for
/// milliseconds once that half is nearly used up. So beyond so many connections to one loopback address the next one comes
/// from another of this machine's loopback addresses (127.0.0.2 and up).
pub const PER_SOURCE: usize = 8_000;

/// So many loopback addresses are come from.
const SOURCES: usize = 64;

/// A host and a port. What is known of the host's name is shared with all that are cloned from it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// From where it is asked.
    pub stand: Stand,
    name: Rc<Name>,
}

impl PartialEq for Peer {
    fn eq(&self, other: &Peer) -> bool {
        self.host.eq_ignore_ascii_case(&other.host) && self.port == other.port
    }
}

impl Eq for Peer {}

impl Peer {
    /// From `host:port`; without a port, at the one given.
    pub fn parse(address: &str, port: Option<u16>) -> Option<Peer> {
        let authority: Authority = address.parse().ok()?;
        let host = authority.host();
        let port = authority.port_u16().or(port)?;
        (!host.is_empty()).then(|| Peer::new(host, port))
    }

    /// From a host, in brackets or not, and a port.
    pub fn new(host: &str, port: u16) -> Peer {
        let host = host.trim_matches(['[', ']']).to_string();
        Peer { name: Rc::new(Name::new(&host)), stand: Stand::default(), host, port }
    }

    /// As its target is declared: from which host it is asked (`on`), and how often its name is looked up (`resolve`).
    pub fn asked(self, settings: &Arguments, around: &Around) -> Peer {
        if let Some(every) = settings.duration("resolve") {
            self.name.renewed_every(every);
        }
        Peer { stand: around.stand(settings), ..self }
    }

    /// Asked as the other one is: from the same host, and its name looked up as often.
    pub fn asked_like(self, other: &Peer) -> Peer {
        self.name.renewed_every(other.name.every());
        Peer { stand: other.stand.clone(), ..self }
    }

    /// Where connections to it may go now, the first one to be tried first.
    ///
    /// # Errors
    /// Where its name has no address.
    pub async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.name.addresses(self.port).await
    }

    /// Opens a connection, one of `open` to the same place.
    pub async fn connect(&self, timeout: Duration, open: usize) -> Result<TcpStream, RequestError> {
        let connected = tokio::time::timeout(timeout, self.attempt(open)).await;
        let stream = connected
            .map_err(|_| RequestError::TimedOut(timeout))?
            .map_err(|error| connect_error(&error, &self.host))?;
        // Small requests must not wait for more to send.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn attempt(&self, open: usize) -> io::Result<TcpStream> {
        if self.stand.host(&self.host).is_some() {
            // A host knows the names of hosts, which do not move.
            return self.stand.connect(&self.host, self.port).await;
        }
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in self.addresses().await? {
            match connect(address, open).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

async fn connect(to: SocketAddr, open: usize) -> io::Result<TcpStream> {
    let first = open / PER_SOURCE;
    let sources = if is_loopback_v4(to.ip()) { first.min(SOURCES - 1)..SOURCES } else { 0..1 };
    let mut taken = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for source in sources {
        match connect_from(source, to).await {
            // All ports of this source are in use.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => taken = error,
            other => return other,
        }
    }
    Err(taken)
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn is_loopback_v4(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(address) if address.is_loopback())
}

/// Source 0 is the kernel's own choice.
async fn connect_from(source: usize, to: SocketAddr) -> io::Result<TcpStream> {
    let number = u8::try_from(source).unwrap_or(u8::MAX);
    if number == 0 {
        return TcpStream::connect(to).await;
    }
    let socket = TcpSocket::new_v4()?;
    // The port is chosen when the other end is known, so that it need differ only among connections to the same one.
    setsockopt(&socket, sockopt::IpBindAddressNoPort, &true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, number + 1), 0)))?;
    socket.connect(to).await
}

/// Why a connection could not be opened.
pub fn connect_error(error: &io::Error, host: &str) -> RequestError {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse => RequestError::Exhausted,
        // What the system itself says has a number; a name without an address has none.
        _ if error.raw_os_error().is_none() => RequestError::NoAddress(host.to_string()),
        _ => stream_error(error),
    }
}

/// Why an open connection does not go on.
pub fn stream_error(error: &io::Error) -> RequestError {
    if let Some(failure) = tls::named(error) {
        return RequestError::Tls(failure);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => RequestError::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            RequestError::Reset
        }
        io::ErrorKind::UnexpectedEof => RequestError::Closed,
        _ if matches!(error.raw_os_error(), Some(ENFILE | EMFILE)) => RequestError::Exhausted,
        kind => RequestError::Failed(kind.to_string()),
    }
}

// The standard library has no stable names for these.
const ENFILE: i32 = nix::errno::Errno::ENFILE as i32;
const EMFILE: i32 = nix::errno::Errno::EMFILE as i32;

#[cfg(test)]
mod tests {
    use super::Peer;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let cases = [
            ("127.0.0.1:7", None, Some(("127.0.0.1", 7))),
            ("[::1]:7", None, Some(("::1", 7))),
            ("db.example", Some(6379), Some(("db.example", 6379))),
            ("db.example", None, None),
            (":7", None, None),
            ("a b:7", None, None),
            ("a:99999", None, None),
        ];
        for (text, port, expected) in cases {
            let found = Peer::parse(text, port);
            let found = found.as_ref().map(|peer| (peer.host.as_str(), peer.port));
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(Peer::parse("[::1]:7", None).unwrap().to_string(), "[::1]:7");
    }
}
