//! The UDP client: each user keeps a port of its own, so that answers find their way back to who asked.

use crate::kinds::client::{Around, ClientError};
use crate::kinds::pattern::Patterns;
use crate::kinds::payload;
use crate::kinds::request::{Answer, RequestError, Requester};
use crate::kinds::socket::{DEFAULT_TIMEOUT, Peer, connect_error, stream_error};
use crate::kinds::tcp::client::{address, within};
use crate::lang::call::{Arguments, Call};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// No datagram is larger.
const MAX_DATAGRAM: usize = 65_535;

/// A declared `udp` target.
pub struct UdpClient {
    peer: Peer,
    timeout: Duration,
    /// One for each user that has one.
    kept: RefCell<HashMap<u64, Rc<UdpSocket>>>,
    patterns: Patterns,
    /// What is received into. Nobody holds it across a wait.
    buffer: RefCell<Vec<u8>>,
}

impl UdpClient {
    /// From the settings `address` and `timeout`.
    ///
    /// # Errors
    /// Where the address cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<UdpClient, ClientError> {
        Ok(UdpClient {
            peer: address(settings, around)?,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            kept: RefCell::default(),
            patterns: Patterns::default(),
            buffer: RefCell::new(vec![0; MAX_DATAGRAM]),
        })
    }

    async fn socket(&self, user: u64) -> Result<Rc<UdpSocket>, RequestError> {
        let kept = self.kept.borrow().get(&user).map(Rc::clone);
        if let Some(socket) = kept {
            return Ok(socket);
        }
        let opened = within(self.timeout, self.open()).await?;
        let socket = Rc::new(opened.map_err(|error| connect_error(&error, &self.peer.host))?);
        self.kept.borrow_mut().insert(user, Rc::clone(&socket));
        Ok(socket)
    }

    async fn open(&self) -> io::Result<UdpSocket> {
        if let Some(socket) = self.peer.stand.datagrams(&self.peer.host, self.peer.port).await? {
            return Ok(socket);
        }
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for to in self.peer.addresses().await? {
            let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let any: SocketAddr = any.parse().map_err(io::Error::other)?;
            let socket = UdpSocket::bind(any).await?;
            match socket.connect(to).await {
                Ok(()) => return Ok(socket),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn send(&self, user: u64, arguments: &Arguments) -> Result<Answer, RequestError> {
        let message = payload::message(arguments)?;
        let socket = self.socket(user).await?;
        // What became of an earlier datagram says nothing of this one.
        let _ = socket.take_error();
        let sent = within(self.timeout, socket.send(message.as_bytes())).await?;
        match sent {
            Ok(length) => Ok(Answer { bytes: length as u64, ..Answer::default() }),
            Err(error) if error.raw_os_error() == Some(nix::errno::Errno::EMSGSIZE as i32) => {
                Err(RequestError::TooLong)
            }
            Err(error) => Err(stream_error(&error)),
        }
    }

    async fn receive(&self, user: u64, arguments: &Arguments) -> Result<Answer, RequestError> {
        let timeout = arguments.duration("timeout").unwrap_or(self.timeout);
        let pattern = arguments.text("pattern").map(|pattern| self.patterns.get(pattern)).transpose()?;
        let socket = self.socket(user).await?;
        let matching = async {
            loop {
                let datagram = self.next(&socket).await.map_err(|error| stream_error(&error))?;
                if pattern.as_ref().is_none_or(|pattern| pattern.is_match(&datagram)) {
                    return Ok(datagram);
                }
            }
        };
        let body = within(timeout, matching).await.map_err(|_| RequestError::Lost(timeout))??;
        Ok(Answer { bytes: body.len() as u64, body, ..Answer::default() })
    }

    async fn next(&self, socket: &UdpSocket) -> io::Result<Bytes> {
        loop {
            let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
            if ready.is_error() {
                refused(socket)?;
            }
            let mut buffer = self.buffer.borrow_mut();
            match socket.try_recv(&mut buffer) {
                Ok(length) => return Ok(Bytes::copy_from_slice(&buffer[..length])),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// What the network said of a datagram that was sent: that nobody listens there.
fn refused(socket: &UdpSocket) -> io::Result<()> {
    let told = socket.try_io(Interest::ERROR, || match socket.take_error()? {
        Some(error) => Ok(error),
        None => Err(io::ErrorKind::WouldBlock.into()),
    });
    match told {
        Ok(error) => Err(error),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
    }
}

impl Requester for UdpClient {
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        match call.verb {
            "send" => Box::pin(self.send(user, &call.arguments)),
            _ => Box::pin(self.receive(user, &call.arguments)),
        }
    }

    /// One that cannot be opened now is told by the request that needs it.
    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            for user in users {
                let _ = self.socket(user).await;
            }
        })
    }

    fn release(&self, users: RangeInclusive<u64>) {
        self.kept.borrow_mut().retain(|user, _| !users.contains(user));
    }
}
