//! What is asked of a link now: the condition in force, with what belongs to its one term of office, and beside it the
//! size of the pieces that data pass in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::condition::{Condition, Direction, Side};
use super::http::Disturbance;

/// How much lost time a bandwidth limit may make good in a burst, when the receiver was slow to take its bytes.
const CATCH_UP: Duration = Duration::from_millis(10);
/// A bandwidth limit hands out its bytes in pieces of about this long.
const SLICE: Duration = Duration::from_millis(5);
/// The bounds of such a piece, in bytes.
const SLICE_BYTES: (f64, f64) = (64.0, 65_536.0);

/// Everything that is asked of a link now.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub setting: Arc<Setting>,
    /// The most bytes that are written together, where data pass in pieces.
    pub slice: Option<usize>,
    /// What is done to requests and answers, by a link that understands HTTP.
    pub disturbance: Arc<Disturbance>,
    /// Counts the changes of one link, from 0.
    pub number: u64,
}

impl Asked {
    /// Of a link that nothing is asked of.
    pub fn nothing() -> Asked {
        let setting = Arc::new(Setting::new(Condition::On, 0));
        Asked { setting, slice: None, disturbance: Arc::default(), number: 0 }
    }

    /// Whether a connection may be made through the link.
    pub fn connects(&self) -> bool {
        matches!(self.setting.condition, Condition::On | Condition::Degrade(_))
    }
}

/// A condition from when it was set until the next one is.
#[derive(Debug)]
pub(super) struct Setting {
    pub condition: Condition,
    /// Counts the settings of one link, from 0.
    pub number: u64,
    pub since: Instant,
    up: Gate,
    down: Gate,
}

/// What a setting means for one direction.
#[derive(Debug)]
pub(super) enum Passage<'setting> {
    Held,
    Clear,
    Impaired(&'setting Direction, &'setting Gate),
}

impl Setting {
    pub fn new(condition: Condition, number: u64) -> Setting {
        let since = Instant::now();
        Setting { condition, number, since, up: Gate::open(since), down: Gate::open(since) }
    }

    pub fn passage(&self, side: Side) -> Passage<'_> {
        match &self.condition {
            Condition::On => Passage::Clear,
            Condition::Off | Condition::Refuse => Passage::Held,
            Condition::Degrade(impairment) => {
                let (direction, gate) = match side {
                    Side::Up => (&impairment.up, &self.up),
                    Side::Down => (&impairment.down, &self.down),
                };
                direction.as_ref().map_or(Passage::Clear, |direction| Passage::Impaired(direction, gate))
            }
        }
    }
}

/// A bandwidth that several connections share: each books its bytes in turn, one booking behind the other.
#[derive(Debug)]
pub(super) struct Gate {
    free_from: Mutex<Instant>,
}

/// The right to pass `bytes` at `release`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slot {
    pub bytes: usize,
    pub release: Instant,
}

impl Gate {
    fn open(from: Instant) -> Gate {
        Gate { free_from: Mutex::new(from) }
    }

    /// Books up to `wanted` bytes that have been waiting here since `waiting_since`. They are released when the
    /// last of them would have been put on the wire.
    ///
    /// Bookings are laid end to end on absolute time, so that waking up late costs no bandwidth.
    pub fn book(&self, wanted: usize, bandwidth: f64, waiting_since: Instant, now: Instant) -> Slot {
        let bandwidth = if bandwidth >= 1.0 { bandwidth } else { 1.0 };
        let slice = (bandwidth * SLICE.as_secs_f64()).clamp(SLICE_BYTES.0, SLICE_BYTES.1) as usize;
        let bytes = wanted.min(slice);
        let earliest = now.checked_sub(CATCH_UP).map_or(waiting_since, |bound| bound.max(waiting_since));
        let mut free_from = self.free_from.lock().unwrap_or_else(PoisonError::into_inner);
        let release = (*free_from).max(earliest) + Duration::from_secs_f64(bytes as f64 / bandwidth);
        *free_from = release;
        Slot { bytes, release }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bookings_follow_each_other_at_the_rate_of_the_bandwidth() {
        let start = Instant::now();
        let gate = Gate::open(start);
        let mut passed = 0;
        let mut last = start;
        // Every booking is made 3 ms after the release of the one before, as if each wake-up were that late.
        while passed < 1_000_000 {
            let late = last + Duration::from_millis(if passed == 0 { 0 } else { 3 });
            let slot = gate.book(1_000_000 - passed, 1_000_000.0, start, late);
            passed += slot.bytes;
            last = slot.release;
        }
        assert_eq!(passed, 1_000_000);
        let took = (last - start).as_secs_f64();
        assert!((took - 1.0).abs() < 1e-6, "{took}");
    }

    #[test]
    fn an_idle_gate_saves_nothing_up() {
        let start = Instant::now();
        let gate = Gate::open(start);
        let later = start + Duration::from_secs(60);
        let slot = gate.book(1000, 1_000_000.0, later, later);
        assert_eq!(slot, Slot { bytes: 1000, release: later + Duration::from_millis(1) });
        let behind = gate.book(1000, 1_000_000.0, start, later);
        assert_eq!(behind.release, later + Duration::from_millis(2));
    }

    #[test]
    fn senseless_bandwidths_count_as_one_byte_a_second() {
        for bandwidth in [0.0, -5.0, f64::NAN, 0.2] {
            let now = Instant::now();
            let slot = Gate::open(now).book(3, bandwidth, now, now);
            assert_eq!(slot.release, now + Duration::from_secs(3), "{bandwidth}");
        }
    }
}
