//! One connection through a link, from its acceptance to its end.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::socket::{Shutdown, setsockopt, shutdown, sockopt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};

use super::condition::Side;
use super::counters::Tally;
use super::engine::Link;
use super::http::HttpWire;
use super::pump::{End, Pump};
use super::registry::{Entry, Order};
use super::setting::Asked;
use super::wire::Wire;

/// How long connecting on to the server may take.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a cut connection waits for both ends to close too, taking in and throwing away what they still send.
/// Closing at once would make the kernel send a reset after the end of the stream.
pub const CUT_GRACE: Duration = Duration::from_secs(1);

/// What ended a connection.
pub(super) enum Close {
    /// Both directions ended by themselves.
    Finished,
    Reset,
    Cut,
    /// The link itself is gone.
    Gone,
}

/// Carries one accepted connection to its end.
pub(super) async fn carry(
    client: TcpStream,
    link: Arc<Link>,
    entry: Entry,
    mut orders: oneshot::Receiver<Order>,
    mut settings: watch::Receiver<Arc<Asked>>,
) {
    let connected = tokio::select! {
        biased;
        order = &mut orders => Err(Close::from(order)),
        connected = connect(&link, &mut settings) => connected,
    };
    let server = match connected {
        Ok(server) => server,
        Err(close) => return hang_up(close, &link, vec![client]).await,
    };
    // A proxy must not add to what it is asked for. Failing means that the end is gone, which is found below.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let pumps = Pumps::new(entry.number, &link, &link.tally);
    let (close, server) = match &link.http {
        None => (under_orders(pumps.carry(&client, &server, settings), &mut orders).await, server),
        Some(http) => {
            let server = HttpWire::new(server, http, settings.clone(), &link.wakeups);
            let close = under_orders(pumps.carry(&client, &server, settings), &mut orders).await;
            (close, server.into_server())
        }
    };
    drop(entry);
    hang_up(close, &link, vec![client, server]).await;
}

/// What ends a connection first: itself, or an order.
async fn under_orders(carried: impl Future<Output = Close>, orders: &mut oneshot::Receiver<Order>) -> Close {
    tokio::select! {
        biased;
        order = orders => Close::from(order),
        close = carried => close,
    }
}

/// Both directions of a connection.
pub(super) struct Pumps {
    up: Pump,
    down: Pump,
}

impl Pumps {
    pub fn new(number: u64, link: &Arc<Link>, tally: &Arc<Tally>) -> Pumps {
        Pumps {
            up: Pump::new(Side::Up, number, link, tally),
            down: Pump::new(Side::Down, number, link, tally),
        }
    }

    /// Carries until both directions have ended, always under the newest setting.
    pub async fn carry(
        mut self,
        client: &TcpStream,
        server: &impl Wire,
        mut settings: watch::Receiver<Arc<Asked>>,
    ) -> Close {
        loop {
            let asked = Arc::clone(&settings.borrow_and_update());
            let newest = settings.clone();
            tokio::select! {
                biased;
                changed = settings.changed() => if changed.is_err() { return Close::Gone },
                close = poll_fn(|context| self.poll(context, client, server, &asked, &newest)) => return close,
            }
        }
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
        client: &TcpStream,
        server: &impl Wire,
        asked: &Asked,
        settings: &watch::Receiver<Arc<Asked>>,
    ) -> Poll<Close> {
        // A link that is gone counts as changed; the task is woken for both.
        let stale = || settings.has_changed().unwrap_or(true);
        let up = self.up.poll(context, (client, server), asked, self.down.ended(), stale);
        let down = self.down.poll(context, (server, client), asked, self.up.ended(), stale);
        if let (Poll::Ready(End::Finished), Some(close)) = (down, server.closes()) {
            return Poll::Ready(close);
        }
        match (up, down) {
            (Poll::Ready(End::Reset), _) | (_, Poll::Ready(End::Reset)) => Poll::Ready(Close::Reset),
            (Poll::Ready(End::Finished), Poll::Ready(End::Finished)) => Poll::Ready(Close::Finished),
            // An end that takes nothing any more has been reset. Its own last words come through first, then the
            // other end is told.
            (Poll::Ready(_), Poll::Ready(_)) => Poll::Ready(Close::Reset),
            _ => Poll::Pending,
        }
    }
}

/// Connects on as soon as the link lets it. A failure, too, is told only through a link that is on.
async fn connect(link: &Link, settings: &mut watch::Receiver<Arc<Asked>>) -> Result<TcpStream, Close> {
    settings.wait_for(|asked| asked.connects()).await.map_err(|_| Close::Gone)?;
    let limit = link.wakeups.sleep_until(Instant::now() + CONNECT_LIMIT);
    let connected = tokio::select! {
        connected = dial(&link.to) => connected,
        () = limit => Err(io::ErrorKind::TimedOut.into()),
    };
    match connected {
        Ok(server) => Ok(server),
        Err(_) => {
            link.tally.upstream_failures.fetch_add(1, Ordering::Relaxed);
            settings.wait_for(|asked| asked.connects()).await.map_err(|_| Close::Gone)?;
            Err(Close::Reset)
        }
    }
}

/// Connects to the first address of `name` that answers.
async fn dial(name: &str) -> io::Result<TcpStream> {
    let mut failure = io::ErrorKind::AddrNotAvailable.into();
    for address in tokio::net::lookup_host(name).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // The server may have the connection before this task knows. If the connection is given up in between, it
        // must be reset and not look like one that was made and closed.
        socket.set_zero_linger()?;
        match socket.connect(address).await {
            Ok(stream) => {
                setsockopt(&stream, sockopt::Linger, &libc::linger { l_onoff: 0, l_linger: 0 })?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

impl From<Result<Order, oneshot::error::RecvError>> for Close {
    fn from(order: Result<Order, oneshot::error::RecvError>) -> Close {
        match order {
            Ok(Order::Reset) => Close::Reset,
            Ok(Order::Cut) => Close::Cut,
            Err(_) => Close::Gone,
        }
    }
}

async fn hang_up(close: Close, link: &Link, ends: Vec<TcpStream>) {
    match close {
        Close::Finished | Close::Gone => {}
        Close::Reset => reset(ends),
        Close::Cut => {
            let limit = link.wakeups.sleep_until(Instant::now() + CUT_GRACE);
            let parting = async {
                for end in &ends {
                    // It fails only when that end is gone already.
                    let _ = shutdown(end.as_raw_fd(), Shutdown::Write);
                }
                for end in &ends {
                    swallow(end, link).await;
                }
            };
            tokio::select! {
                () = parting => {}
                () = limit => {}
            }
        }
    }
}

/// Closes sockets so that their other ends see a reset instead of an end.
pub(super) fn reset(ends: Vec<TcpStream>) {
    for end in ends {
        // It fails only when that end is gone already.
        let _ = end.set_zero_linger();
    }
}

/// Reads to the end and throws away.
async fn swallow(end: &TcpStream, link: &Link) {
    let mut scratch = [0; 4096];
    while end.readable().await.is_ok() {
        match end.try_read(&mut scratch) {
            Ok(0) => return,
            Ok(count) => {
                link.tally.swallowed.fetch_add(count as u64, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
