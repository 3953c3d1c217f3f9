//! What a link has carried and what it really did to it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::condition::Side;
use super::http::HttpCounters;
use super::setting::Setting;

/// How many of the latest delays of a direction are kept.
const RECENT: usize = 512;

/// A link's numbers since it was started.
#[derive(Clone, Debug, PartialEq)]
pub struct Counters {
    /// Bytes delivered to the server.
    pub sent: u64,
    /// Bytes delivered to the clients.
    pub received: u64,
    /// Connections open now, those included that wait for the link to be on.
    pub open: usize,
    /// Connections accepted in all.
    pub connections: u64,
    /// Connections that could not be connected on; their clients were reset.
    pub upstream_failures: u64,
    /// Connections reset on arrival because [`super::CONNECTION_LIMIT`] were open.
    pub turned_away: u64,
    /// Times that accepting failed, mostly for want of file descriptors, and was tried again.
    pub accept_failures: u64,
    /// Connections reset by [`super::Proxy::reset`] or [`super::Condition::Refuse`].
    pub reset: u64,
    /// Connections closed by [`super::Proxy::cut`].
    pub cut: u64,
    /// Bytes taken from a sender and never delivered, because their connection was reset, cut or broken.
    pub swallowed: u64,
    /// Writes of pieces, while data were passed on in pieces.
    pub pieces: u64,
    /// How many of them ended where what was read together went on.
    pub cuts: u64,
    /// What was seen and done by a link that understands HTTP.
    pub http: HttpCounters,
    /// What the link did under the present condition, to be compared with what it was asked to do.
    pub measured: Measured,
}

/// What was really seen since the present condition was set.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Times from reading to having written the latest chunks that came and went under this condition.
    pub up: Option<Delays>,
    /// The same towards the clients.
    pub down: Option<Delays>,
    /// The proxy tried its own port and was refused. What the kernel refuses to others cannot be counted.
    pub refusing: bool,
    /// Memory that chunks on their way take up now, in bytes.
    pub held: usize,
}

impl Measured {
    /// The median time there and back, once something went each way.
    pub fn round_trip(&self) -> Option<Duration> {
        Some(self.up.as_ref()?.median + self.down.as_ref()?.median)
    }
}

/// The delays of up to 512 latest chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delays {
    /// Chunks since the condition was set, those included whose delay is no longer kept.
    pub chunks: u64,
    pub minimum: Duration,
    pub median: Duration,
    pub p99: Duration,
    pub maximum: Duration,
}

/// The counters as the proxy's thread writes them and others read them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub sent: AtomicU64,
    pub received: AtomicU64,
    pub connections: AtomicU64,
    pub upstream_failures: AtomicU64,
    pub turned_away: AtomicU64,
    pub accept_failures: AtomicU64,
    pub reset: AtomicU64,
    pub cut: AtomicU64,
    pub swallowed: AtomicU64,
    pub pieces: AtomicU64,
    pub cuts: AtomicU64,
    pub refusing: AtomicBool,
    /// How often anything was carried, and who is told.
    carries: AtomicU64,
    traffic: Notify,
    up: Mutex<Recent>,
    down: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    /// The setting these delays belong to.
    setting: u64,
    latest: Vec<Duration>,
    chunks: u64,
}

impl Tally {
    pub fn carried(&self, side: Side, bytes: usize) {
        match side {
            Side::Up => &self.sent,
            Side::Down => &self.received,
        }
        .fetch_add(bytes as u64, Ordering::Relaxed);
        self.carries.fetch_add(1, Ordering::Relaxed);
        self.traffic.notify_one();
    }

    /// How often anything was carried.
    pub fn carries(&self) -> u64 {
        self.carries.load(Ordering::Relaxed)
    }

    /// Waits until something is carried; ends at once where it was since the last time.
    pub async fn traffic(&self) {
        self.traffic.notified().await;
    }

    pub fn delayed(&self, side: Side, setting: &Setting, delay: Duration) {
        let mut recent = self.recent(side);
        if recent.setting != setting.number {
            *recent =
                Recent { setting: setting.number, latest: std::mem::take(&mut recent.latest), chunks: 0 };
            recent.latest.clear();
        }
        let place = (recent.chunks % RECENT as u64) as usize;
        match recent.latest.get_mut(place) {
            Some(oldest) => *oldest = delay,
            None => recent.latest.push(delay),
        }
        recent.chunks += 1;
    }

    pub fn delays(&self, side: Side, setting: &Setting) -> Option<Delays> {
        let (mut sorted, chunks) = {
            let recent = self.recent(side);
            if recent.setting != setting.number || recent.chunks == 0 {
                return None;
            }
            (recent.latest.clone(), recent.chunks)
        };
        sorted.sort_unstable();
        // The nearest rank: the smallest delay that at least this share of all is not above.
        let rank =
            |share: f64| sorted[((share * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len()) - 1];
        Some(Delays { chunks, minimum: rank(0.0), median: rank(0.5), p99: rank(0.99), maximum: rank(1.0) })
    }

    fn recent(&self, side: Side) -> MutexGuard<'_, Recent> {
        let recent = match side {
            Side::Up => &self.up,
            Side::Down => &self.down,
        };
        recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Condition;
    use super::*;

    #[test]
    fn delays_are_those_of_the_present_setting_and_the_latest() {
        let tally = Tally::default();
        let (first, second) = (Setting::new(Condition::On, 0), Setting::new(Condition::On, 1));
        assert_eq!(tally.delays(Side::Up, &first), None);
        for milliseconds in 1..=1000 {
            tally.delayed(Side::Up, &first, Duration::from_millis(milliseconds));
        }
        let delays = tally.delays(Side::Up, &first).unwrap();
        assert_eq!(delays.chunks, 1000);
        assert_eq!(delays.minimum, Duration::from_millis(489));
        assert_eq!(delays.median, Duration::from_millis(744));
        assert_eq!(delays.p99, Duration::from_millis(995));
        assert_eq!(delays.maximum, Duration::from_millis(1000));
        assert_eq!(tally.delays(Side::Down, &first), None);
        assert_eq!(tally.delays(Side::Up, &second), None);
        tally.delayed(Side::Up, &second, Duration::from_millis(7));
        assert_eq!(tally.delays(Side::Up, &second).unwrap().maximum, Duration::from_millis(7));
    }
}
