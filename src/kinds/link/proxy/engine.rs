//! The handle on a link's proxy, and the thread behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::RngCore;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};

use super::condition::{Condition, Side};
use super::connection::{carry, reset};
use super::counters::{Counters, Measured, Tally};
use super::door::Door;
use super::error::ProxyError;
use super::http::{Disturbance, Http};
use super::probe::probe;
use super::registry::Registry;
use super::setting::{Asked, Setting};
use crate::kinds::link::emulator::now;
use crate::kinds::link::lookout::{Lookout, Next};
use crate::lang::wakeup::Wakeups;

/// How long to wait before trying again after accepting or listening failed.
const RETRY_PAUSE: Duration = Duration::from_millis(20);
/// Under a flood it is looked again after so long whether it is over.
const RELIEF: Duration = Duration::from_millis(1);
/// After so many tasks the thread looks for new events on its sockets, so that a busy connection does not make
/// the others late.
const EVENT_INTERVAL: u32 = 2;

/// What a proxy is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyOptions {
    /// Where to listen, as `host:port`; IPv6 as `[::1]:port`. Port 0 lets the kernel choose.
    pub listen: String,
    /// Where to connect on to, as `host:port`, looked up anew for every connection.
    pub to: String,
    /// Where the jitter's random numbers come from: the same seed gives the same ones.
    pub seed: u64,
    /// Whether it understands HTTP.
    pub http: bool,
}

/// A running proxy. Dropping it closes the port and all connections, and waits the moment that takes.
#[derive(Debug)]
pub struct Proxy {
    link: Arc<Link>,
    address: SocketAddr,
    runtime: Handle,
    /// There until the proxy is dropped, which is what tells the thread to end.
    settings: Option<watch::Sender<Arc<Asked>>>,
    applied: watch::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

/// What all connections of a link share.
#[derive(Debug)]
pub(super) struct Link {
    pub to: String,
    pub seed: u64,
    pub wakeups: Wakeups,
    /// What it takes from the moment that something held back is due until it has been passed on, nine times of ten at
    /// least, in nanoseconds.
    pub passing_on: AtomicU64,
    pub tally: Arc<Tally>,
    pub registry: Arc<Registry>,
    /// How often the link has been probed.
    pub probes: AtomicU64,
    /// The memory of all chunks on their way, in bytes.
    pub held: Arc<AtomicUsize>,
    /// There where the link understands HTTP.
    pub http: Option<Arc<Http>>,
}

impl Proxy {
    /// Starts a proxy whose condition is [`Condition::On`], with the port open when this returns.
    ///
    /// # Errors
    /// When the address cannot be found or listened on, or the thread cannot be started.
    pub async fn start(options: ProxyOptions) -> Result<Proxy, ProxyError> {
        let (settings, watched) = watch::channel(Arc::new(Asked::nothing()));
        let (applying, applied) = watch::channel(0);
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("soak-link".to_string())
            .spawn(move || run(options, watched, applying, tell))
            .map_err(|source| ProxyError::Thread { source })?;
        let ended = || ProxyError::Thread { source: std::io::ErrorKind::UnexpectedEof.into() };
        let (link, address, runtime) = told.await.unwrap_or_else(|_| Err(ended()))?;
        Ok(Proxy { link, address, runtime, settings: Some(settings), applied, thread: Some(thread) })
    }

    /// Where the proxy listens, with the real port.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the condition. Bytes that are on their way are bound by it at once; opening and closing the port
    /// follows within a moment, see [`Proxy::settled`].
    pub fn set(&self, condition: Condition) {
        self.ask(|asked| {
            asked.setting = Arc::new(Setting::new(condition, asked.setting.number.wrapping_add(1)))
        });
        if condition == Condition::Refuse {
            // Not left to the thread: it sees only the newest condition, and this one may be replaced before.
            self.reset();
        }
    }

    /// Passes data on in pieces of at most so many bytes from now on, each in a write of its own, or as they come.
    pub fn slice(&self, size: Option<usize>) {
        self.ask(|asked| asked.slice = size.map(|size| size.max(1)));
    }

    /// Does that to requests and answers from now on, where the link understands HTTP. Requests that are held back
    /// longer than is asked for now go on at once.
    pub fn disturb(&self, disturbance: Disturbance) {
        self.ask(|asked| asked.disturbance = Arc::new(disturbance));
    }

    fn ask(&self, change: impl FnOnce(&mut Asked)) {
        self.settings().send_modify(|asked| {
            let mut new = Asked::clone(asked);
            change(&mut new);
            new.number = new.number.wrapping_add(1);
            *asked = Arc::new(new);
        });
    }

    /// Returns when the newest condition is in force, the port's being open or closed included. Opening it again
    /// is tried until it succeeds; only want of file descriptors can make that take long.
    pub async fn settled(&self) {
        let newest = self.settings().borrow().number;
        let mut applied = self.applied.clone();
        // An error means that the thread has ended, and with it everything that could be waited for.
        let _ = applied.wait_for(|&number| number >= newest).await;
    }

    /// Closes a share of the open connections, drawn at random: rounded up, so at least one when there is one
    /// and the share is not zero. Both ends see an orderly end, except that a server which a connection is just
    /// being made to may see a reset. Returns how many.
    pub fn cut(&self, share: f64, random: &mut dyn RngCore) -> usize {
        let count = self.link.registry.cut(share, random);
        self.link.tally.cut.fetch_add(count as u64, Ordering::Relaxed);
        count
    }

    /// Resets all open connections at both ends. Returns how many.
    pub fn reset(&self) -> usize {
        self.link.reset_all()
    }

    /// What has been carried and measured until now.
    pub fn counters(&self) -> Counters {
        let setting = Arc::clone(&self.settings().borrow().setting);
        let tally = &self.link.tally;
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            sent: number(&tally.sent),
            received: number(&tally.received),
            open: self.link.registry.open(),
            connections: number(&tally.connections),
            upstream_failures: number(&tally.upstream_failures),
            turned_away: number(&tally.turned_away),
            accept_failures: number(&tally.accept_failures),
            reset: number(&tally.reset),
            cut: number(&tally.cut),
            swallowed: number(&tally.swallowed),
            pieces: number(&tally.pieces),
            cuts: number(&tally.cuts),
            http: self.link.http.as_ref().map(|http| http.counters()).unwrap_or_default(),
            measured: Measured {
                up: tally.delays(Side::Up, &setting),
                down: tally.delays(Side::Down, &setting),
                refusing: setting.condition == Condition::Refuse && tally.refusing.load(Ordering::Relaxed),
                held: self.link.held.load(Ordering::Relaxed),
            },
        }
    }

    /// Sends a byte up and back down through the proxy itself, impaired like all traffic, and says how long it
    /// took; `None` when it was not back within `patience`, as it never is while the link is off. Neither the
    /// server nor the counters see it.
    pub async fn probe(&self, patience: Duration) -> Option<Duration> {
        // Counted from the far end, so that probes and connections draw different random numbers.
        let number = u64::MAX / 2 - self.link.probes.fetch_add(1, Ordering::Relaxed);
        let settings = self.settings().subscribe();
        self.runtime.spawn(probe(Arc::clone(&self.link), number, settings, patience)).await.ok().flatten()
    }

    fn settings(&self) -> &watch::Sender<Arc<Asked>> {
        self.settings.as_ref().expect("the sender is taken out only while the proxy is being dropped")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.settings = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}

impl Link {
    fn reset_all(&self) -> usize {
        let count = self.registry.reset_all();
        self.tally.reset.fetch_add(count as u64, Ordering::Relaxed);
        count
    }
}

type Started = Result<(Arc<Link>, SocketAddr, Handle), ProxyError>;

/// The proxy's thread: everything of one link happens here.
fn run(
    options: ProxyOptions,
    settings: watch::Receiver<Arc<Asked>>,
    applying: watch::Sender<u64>,
    tell: oneshot::Sender<Started>,
) {
    // Nobody listens for the answer any more when starting was given up; then the settings are closed as well.
    let runtime = match Builder::new_current_thread().enable_all().event_interval(EVENT_INTERVAL).build() {
        Ok(runtime) => runtime,
        Err(source) => {
            let _ = tell.send(Err(ProxyError::Thread { source }));
            return;
        }
    };
    runtime.block_on(async {
        match open(options).await {
            Ok((link, door)) => {
                let _ = tell.send(Ok((Arc::clone(&link), door.address(), Handle::current())));
                tokio::spawn(look_on(Arc::clone(&link)));
                serve(&link, door, settings, applying).await;
            }
            Err(error) => {
                let _ = tell.send(Err(error));
            }
        }
    });
    // Looking up a name cannot be interrupted and must not hold up the end.
    runtime.shutdown_background();
}

async fn open(options: ProxyOptions) -> Result<(Arc<Link>, Door), ProxyError> {
    let door = Door::open(&options.listen).await?;
    let link = Link {
        to: options.to,
        seed: options.seed,
        wakeups: Wakeups::new().map_err(|source| ProxyError::Thread { source })?,
        passing_on: AtomicU64::new(0),
        tally: Arc::new(Tally::default()),
        probes: AtomicU64::new(0),
        registry: Arc::new(Registry::default()),
        held: Arc::new(AtomicUsize::new(0)),
        http: options.http.then(|| Arc::new(Http::new(options.seed))),
    };
    Ok((Arc::new(link), door))
}

/// Keeps the port as the condition wants it and accepts, until the handle is gone.
async fn serve(
    link: &Arc<Link>,
    mut door: Door,
    mut settings: watch::Receiver<Arc<Asked>>,
    applying: watch::Sender<u64>,
) {
    let watched = settings.clone();
    // The number of the condition that the port was closed for.
    let mut closed_for = None;
    while settings.has_changed().is_ok() {
        let asked = Arc::clone(&settings.borrow_and_update());
        let setting = &asked.setting;
        let closed = setting.condition == Condition::Refuse;
        if closed && closed_for != Some(setting.number) {
            closed_for = Some(setting.number);
            door.close();
            // Those that came in between the order and the closing.
            link.reset_all();
            link.tally.refusing.store(door.refuses().await, Ordering::Relaxed);
        } else if !closed && door.listener().is_err() {
            link.tally.accept_failures.fetch_add(1, Ordering::Relaxed);
            pause(link).await;
            continue;
        }
        applying.send_replace(asked.number);
        tokio::select! {
            biased;
            _ = settings.changed() => {}
            () = accept(link, &mut door, &watched), if !closed => {}
        }
    }
}

/// Accepts for ever; ends only when the listener cannot be had.
async fn accept(link: &Arc<Link>, door: &mut Door, settings: &watch::Receiver<Arc<Asked>>) {
    let Ok(listener) = door.listener() else { return };
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let number = link.tally.connections.fetch_add(1, Ordering::Relaxed);
                match link.registry.enter(number) {
                    Some((entry, orders)) => {
                        tokio::spawn(carry(client, Arc::clone(link), entry, orders, settings.clone()));
                    }
                    None => {
                        link.tally.turned_away.fetch_add(1, Ordering::Relaxed);
                        reset(vec![client]);
                    }
                }
            }
            Err(_) => {
                link.tally.accept_failures.fetch_add(1, Ordering::Relaxed);
                pause(link).await;
            }
        }
    }
}

/// Keeps the thread from sleeping for a moment after traffic: while a task is ready, the runtime only looks at its sockets.
async fn look_on(link: Arc<Link>) {
    let mut lookout = Lookout::new(now());
    let mut seen = 0;
    loop {
        link.tally.traffic().await;
        loop {
            let carries = link.tally.carries();
            let came = (carries - seen) as usize;
            seen = carries;
            match lookout.next(came, now()) {
                Next::Look => tokio::task::yield_now().await,
                Next::Sleep => break,
                // Others keep the thread awake.
                Next::Gather(_) => {
                    link.wakeups.sleep_until(Instant::now() + RELIEF).await;
                    break;
                }
            }
        }
    }
}

async fn pause(link: &Link) {
    link.wakeups.sleep_until(Instant::now() + RETRY_PAUSE).await;
}
