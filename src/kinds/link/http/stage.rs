//! The handle of the stage, and the thread behind it.

use super::disturbance::Disturbance;
use super::exchange::carry;
use super::tally::{Seen, Tally};
use crate::lang::wakeup::Wakeups;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};

/// How long to wait before accepting is tried again, mostly for want of descriptors.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Why it could not be started.
#[derive(Debug, Error)]
#[error("what reads the link's requests cannot be started: {0}")]
pub struct StageError(io::Error);

/// A running stage. Dropping it closes all connections, and waits the moment that takes.
#[derive(Debug)]
pub struct Stage {
    address: SocketAddr,
    tally: Arc<Tally>,
    /// There until the stage is dropped, which is what tells the thread to end.
    disturbance: Option<watch::Sender<Disturbance>>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections share.
pub(super) struct Shared {
    /// The server, looked up anew for every connection.
    pub to: String,
    pub seed: u64,
    pub tally: Arc<Tally>,
    pub wakeups: Wakeups,
    /// How many connections there were.
    pub connections: AtomicU64,
}

impl Stage {
    /// Starts it, with its port on loopback open when this returns.
    ///
    /// # Errors
    /// When no port or thread can be had.
    pub async fn start(to: String, seed: u64) -> Result<Stage, StageError> {
        let (disturbance, watched) = watch::channel(Disturbance::default());
        let tally = Arc::<Tally>::default();
        let (tell, told) = oneshot::channel();
        let counted = Arc::clone(&tally);
        let thread = std::thread::Builder::new()
            .name("soak-http".to_string())
            .spawn(move || run(to, seed, counted, watched, tell))
            .map_err(StageError)?;
        let ended = || Err(io::ErrorKind::UnexpectedEof.into());
        let address = told.await.unwrap_or_else(|_| ended()).map_err(StageError)?;
        Ok(Stage { address, tally, disturbance: Some(disturbance), thread: Some(thread) })
    }

    /// Where the proxy connects on to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what is done to requests and answers. It holds for the next head that is read; a request that is held back
    /// goes on when that is no longer wanted.
    pub fn change(&self, change: impl FnOnce(&mut Disturbance)) {
        if let Some(disturbance) = &self.disturbance {
            disturbance.send_modify(change);
        }
    }

    /// What was seen and done until now.
    pub fn seen(&self) -> Seen {
        self.tally.seen()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.disturbance = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

fn run(
    to: String,
    seed: u64,
    tally: Arc<Tally>,
    disturbance: watch::Receiver<Disturbance>,
    tell: oneshot::Sender<io::Result<SocketAddr>>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(tell.send(Err(error))),
    };
    runtime.block_on(async {
        let begun = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            let wakeups = Wakeups::new()?;
            let connections = AtomicU64::new(0);
            io::Result::Ok((listener, address, Shared { to, seed, tally, wakeups, connections }))
        };
        match begun.await {
            Ok((listener, address, shared)) => {
                let _ = tell.send(Ok(address));
                serve(&listener, Arc::new(shared), disturbance).await;
            }
            Err(error) => drop(tell.send(Err(error))),
        }
    });
    // Looking up a name cannot be interrupted and must not hold up the end.
    runtime.shutdown_background();
}

/// Accepts until the handle is gone.
async fn serve(listener: &TcpListener, shared: Arc<Shared>, disturbance: watch::Receiver<Disturbance>) {
    let mut gone = disturbance.clone();
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((client, _)) => {
                    let number = shared.connections.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(carry(client, number, Arc::clone(&shared), disturbance.clone()));
                }
                Err(_) => shared.wakeups.sleep_until(Instant::now() + RETRY_PAUSE).await,
            }
        }
    };
    tokio::select! {
        () = accept => {}
        _ = async { while gone.changed().await.is_ok() {} } => {}
    }
}
