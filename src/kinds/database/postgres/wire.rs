//! The socket of a session, which counts how long each message of the server will be: one that soak would not hold
//! ends the connection before it is read.

use super::super::cause;
use super::super::session::MAX_ANSWER;
use crate::kinds::host::stand::Stand;
use crate::kinds::request::RequestError;
use crate::kinds::socket::stream_error;
use crate::kinds::tls::{Tls, TlsFailure};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Where PostgreSQL listens by default.
const PORT: u16 = 5432;
/// A message begins with its kind in one byte and its length, itself included, in four.
const HEAD: usize = 5;

/// What asks for TLS, and the server's agreement (PostgreSQL's protocol, "SSL Session Encryption").
const ASK_FOR_TLS: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const AGREED: u8 = b'S';

/// A message of the server that is larger than soak holds.
#[derive(Debug, thiserror::Error)]
#[error("a message larger than soak holds")]
pub struct TooLarge;

trait Socket: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Socket for T {}

/// A connection to a server.
pub struct Wire {
    socket: Box<dyn Socket>,
    head: [u8; HEAD],
    /// How much of the present head is there.
    got: usize,
    /// How much of the present message is still to come.
    left: usize,
}

/// Opens a connection to the first host that takes one, and encrypts it where that is wanted.
pub async fn dial(config: &Config, tls: Option<&Tls>, stand: &Stand) -> Result<Wire, RequestError> {
    let (hosts, ports) = (config.get_hosts(), config.get_ports());
    let mut failed = RequestError::Refused;
    for (index, host) in hosts.iter().enumerate() {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
        match reach(host, port, tls, stand).await {
            Ok(socket) => return Ok(Wire { socket, head: [0; HEAD], got: 0, left: 0 }),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

async fn reach(
    host: &Host,
    port: u16,
    tls: Option<&Tls>,
    stand: &Stand,
) -> Result<Box<dyn Socket>, RequestError> {
    match host {
        Host::Tcp(name) => {
            let socket = stand.connect(name, port).await;
            let mut socket = socket.map_err(|error| cause::unreached(&error, name))?;
            socket.set_nodelay(true).map_err(|error| cause::unreached(&error, name))?;
            let Some(tls) = tls else { return Ok(Box::new(socket)) };
            ask_for_tls(&mut socket).await?;
            Ok(Box::new(tls.handshake(socket, name).await?))
        }
        Host::Unix(folder) => {
            let path = folder.join(format!(".s.PGSQL.{port}"));
            let socket = UnixStream::connect(Path::new(&path)).await;
            Ok(Box::new(socket.map_err(|error| cause::unreached(&error, &path.to_string_lossy()))?))
        }
    }
}

/// Asks the server to go on with TLS.
async fn ask_for_tls(socket: &mut TcpStream) -> Result<(), RequestError> {
    socket.write_all(&ASK_FOR_TLS).await.map_err(|error| stream_error(&error))?;
    match socket.read_u8().await.map_err(|error| stream_error(&error))? {
        AGREED => Ok(()),
        _ => Err(RequestError::Tls(TlsFailure::NotTls)),
    }
}

impl Wire {
    /// Follows the messages in what was read.
    fn follow(&mut self, mut read: &[u8]) -> Result<(), TooLarge> {
        while !read.is_empty() {
            if self.left > 0 {
                let passed = self.left.min(read.len());
                self.left -= passed;
                read = &read[passed..];
                continue;
            }
            let taken = (HEAD - self.got).min(read.len());
            self.head[self.got..self.got + taken].copy_from_slice(&read[..taken]);
            self.got += taken;
            read = &read[taken..];
            if self.got == HEAD {
                let [_, length @ ..] = self.head;
                self.left = (u32::from_be_bytes(length) as usize).saturating_sub(length.len());
                self.got = 0;
                if self.left > MAX_ANSWER {
                    return Err(TooLarge);
                }
            }
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        std::task::ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        let followed = self.follow(&buffer.filled()[before..]);
        Poll::Ready(followed.map_err(io::Error::other))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
