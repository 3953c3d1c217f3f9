//! One connection through a link, from its acceptance to its end.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use nix::sys::socket::{Shutdown, shutdown};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};

use super::condition::Side;
use super::proxy::Link;
use super::pump::{End, Pump};
use super::registry::{Entry, Order};
use super::setting::Setting;

/// How long connecting on to the server may take.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a cut connection waits for both ends to close too, taking in and throwing away what they still send.
/// Closing at once would make the kernel send a reset after the end of the stream.
pub const CUT_GRACE: Duration = Duration::from_secs(1);

/// What ended a connection.
enum Close {
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
    mut settings: watch::Receiver<Arc<Setting>>,
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
    let mut pumps = Pumps {
        up: Pump::new(Side::Up, entry.number, Arc::clone(&link)),
        down: Pump::new(Side::Down, entry.number, Arc::clone(&link)),
    };
    let close = loop {
        let setting = Arc::clone(&settings.borrow_and_update());
        let stale = settings.clone();
        tokio::select! {
            biased;
            order = &mut orders => break Close::from(order),
            changed = settings.changed() => if changed.is_err() { break Close::Gone },
            close = poll_fn(|context| pumps.poll(context, &client, &server, &setting, &stale)) => break close,
        }
    };
    drop(pumps);
    drop(entry);
    hang_up(close, &link, vec![client, server]).await;
}

struct Pumps {
    up: Pump,
    down: Pump,
}

impl Pumps {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        client: &TcpStream,
        server: &TcpStream,
        setting: &Setting,
        settings: &watch::Receiver<Arc<Setting>>,
    ) -> Poll<Close> {
        // A link that is gone counts as changed; the task is woken for both.
        let stale = || settings.has_changed().unwrap_or(true);
        let up = self.up.poll(context, (client, server), setting, stale);
        let down = self.down.poll(context, (server, client), setting, stale);
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
async fn connect(link: &Link, settings: &mut watch::Receiver<Arc<Setting>>) -> Result<TcpStream, Close> {
    settings.wait_for(|setting| setting.connects()).await.map_err(|_| Close::Gone)?;
    let limit = link.wakeups.sleep_until(Instant::now() + CONNECT_LIMIT);
    let connected = tokio::select! {
        connected = TcpStream::connect(link.to.as_str()) => connected,
        () = limit => Err(io::ErrorKind::TimedOut.into()),
    };
    match connected {
        Ok(server) => Ok(server),
        Err(_) => {
            link.tally.upstream_failures.fetch_add(1, Ordering::Relaxed);
            settings.wait_for(|setting| setting.connects()).await.map_err(|_| Close::Gone)?;
            Err(Close::Reset)
        }
    }
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
