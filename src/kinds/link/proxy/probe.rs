//! Measuring a link by sending something through it, without troubling what it leads to.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::connection::Pumps;
use super::counters::Tally;
use super::engine::Link;
use super::setting::Asked;

/// Sends one byte up and back down through a connection of the proxy's own, impaired like every other one and
/// sharing its bandwidth, but in nobody's counters. `None` when the byte was not back within `patience`.
pub(super) async fn probe(
    link: Arc<Link>,
    number: u64,
    settings: watch::Receiver<Arc<Asked>>,
    patience: Duration,
) -> Option<Duration> {
    let limit = Instant::now().checked_add(patience).map(|limit| link.wakeups.sleep_until(limit));
    let limit = async {
        match limit {
            Some(limit) => limit.await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        round_trip = round_trip(&link, number, settings) => round_trip.ok(),
        () = limit => None,
    }
}

async fn round_trip(
    link: &Arc<Link>,
    number: u64,
    settings: watch::Receiver<Arc<Asked>>,
) -> io::Result<Duration> {
    let (mut client, near) = connected().await?;
    let (far, mut server) = connected().await?;
    let uncounted = Arc::new(Tally::default());
    let asking = async {
        let mut byte = [0];
        let start = Instant::now();
        client.write_all(&byte).await?;
        server.read_exact(&mut byte).await?;
        server.write_all(&byte).await?;
        client.read_exact(&mut byte).await?;
        Ok(start.elapsed())
    };
    tokio::select! {
        _ = Pumps::new(number, link, &uncounted).carry(&near, &far, settings) => Err(io::ErrorKind::NotConnected.into()),
        round_trip = asking => round_trip,
    }
}

/// Two ends of a connection over loopback.
async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let one = TcpStream::connect(listener.local_addr()?).await?;
    let address = one.local_addr()?;
    loop {
        // Somebody else may have found the port too.
        let (other, from) = listener.accept().await?;
        if from == address {
            one.set_nodelay(true)?;
            other.set_nodelay(true)?;
            return Ok((one, other));
        }
    }
}
