//! How a connection gets to where requests are to go: straight there, or through a proxy.

use super::head;
use crate::kinds::client::Around;
use crate::kinds::place::{Place, Schemes};
use crate::kinds::request::RequestError;
use crate::kinds::socket::{Peer, stream_error};
use crate::kinds::stream::Stream;
use crate::kinds::tls::Tls;
use crate::lang::call::Arguments;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

const SCHEMES: Schemes = Schemes { plain: ("http", 80), encrypted: ("https", 443) };

/// So much of what a proxy says before it connects is looked at together.
const PIECE: usize = 4 << 10;

/// A proxy that HTTP is asked through.
pub(super) struct Proxy {
    pub peer: Peer,
    /// What it wants to know of who asks (RFC 9110, section 11.7); marked as sensitive.
    pub authorization: Option<HeaderValue>,
}

impl Proxy {
    /// From its URL, with a user and a password where it wants them.
    pub fn parse(url: &str) -> Option<Proxy> {
        let place = Place::parse(url, &SCHEMES).ok().filter(|place| !place.encrypted)?;
        let authorization = place.user.map(|user| {
            let both = format!("{user}:{}", place.password.unwrap_or_default());
            let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(both))).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        let authorization = match authorization {
            Some(authorization) => Some(authorization?),
            None => None,
        };
        Some(Proxy { peer: place.peer, authorization })
    }

    /// As the target is declared that is asked through it.
    pub fn asked(self, settings: &Arguments, around: &Around) -> Proxy {
        Proxy { peer: self.peer.asked(settings, around), ..self }
    }
}

/// How connections to one place are opened.
#[derive(Clone)]
pub(super) struct Way {
    /// Where TCP goes.
    peer: Peer,
    /// The head of the request that asks a proxy there to connect on.
    tunnel: Option<Vec<u8>>,
    /// What is spoken with the host of that name, once there is a connection to it.
    tls: Option<(Tls, String)>,
}

impl Way {
    /// To a peer and no further.
    pub fn direct(peer: &Peer, tls: Option<Tls>) -> Way {
        Way { peer: peer.clone(), tunnel: None, tls: tls.map(|tls| (tls, peer.host.clone())) }
    }

    /// Through a proxy that passes bytes on (RFC 9110, section 9.3.6).
    pub fn tunnel(proxy: &Proxy, to: &Peer, tls: Option<Tls>) -> Way {
        let mut head = format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n").into_bytes();
        if let Some(authorization) = &proxy.authorization {
            head.extend_from_slice(b"proxy-authorization: ");
            head.extend_from_slice(authorization.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        Way { peer: proxy.peer.clone(), tunnel: Some(head), ..Way::direct(to, tls) }
    }

    /// Opens a connection, one of `open` to the same place.
    pub async fn open(&self, timeout: Duration, open: usize) -> Result<Stream, RequestError> {
        let deadline = Instant::now() + timeout;
        let stream = self.peer.connect(timeout, open).await?;
        if self.tunnel.is_none() && self.tls.is_none() {
            return Ok(Stream::Plain(stream));
        }
        let opened = timeout_at(deadline, self.go_on(stream)).await;
        opened.unwrap_or(Err(RequestError::TimedOut(timeout)))
    }

    async fn go_on(&self, mut stream: TcpStream) -> Result<Stream, RequestError> {
        if let Some(head) = &self.tunnel {
            ask_to_connect(&mut stream, head).await?;
        }
        match &self.tls {
            Some((tls, host)) => tls.handshake(stream, host).await.map(Stream::Encrypted),
            None => Ok(Stream::Plain(stream)),
        }
    }
}

async fn ask_to_connect(stream: &mut TcpStream, head: &[u8]) -> Result<(), RequestError> {
    stream.write_all(head).await.map_err(|error| stream_error(&error))?;
    let (mut said, mut piece) = (Vec::new(), vec![0; PIECE]);
    loop {
        // What comes behind the head is the other end's already, so it is only looked at.
        let before = said.len();
        match stream.peek(&mut piece).await.map_err(|error| stream_error(&error))? {
            0 => return Err(RequestError::Closed),
            length => said.extend_from_slice(&piece[..length]),
        }
        // The answer to CONNECT has no body.
        let head = head::read(&said, true, false)?;
        let taken = head.as_ref().map_or(said.len(), |(_, length)| *length) - before;
        stream.read_exact(&mut piece[..taken]).await.map_err(|error| stream_error(&error))?;
        match head {
            None => {}
            Some((head, _)) if (200..300).contains(&head.status) => return Ok(()),
            Some((head, _)) => return Err(RequestError::ProxyAnswered(head.status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Proxy;

    #[test]
    fn a_proxy_is_known_by_its_url() {
        let proxy = Proxy::parse("http://me:p%40ss@proxy.example:8080").unwrap();
        assert_eq!((proxy.peer.host.as_str(), proxy.peer.port), ("proxy.example", 8080));
        assert_eq!(proxy.authorization.unwrap(), "Basic bWU6cEBzcw==");
        assert_eq!(Proxy::parse("http://[::1]").unwrap().peer.to_string(), "[::1]:80");
        for wrong in ["https://proxy.example", "proxy.example", ""] {
            assert!(Proxy::parse(wrong).is_none(), "{wrong}");
        }
    }
}
