//! What a link between hosts carried and what it really did to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many of the latest delays of a direction are kept.
const RECENT: usize = 4096;

/// A link's numbers since it was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// From the first host to the second.
    pub up: Tally,
    /// From the second host to the first.
    pub down: Tally,
    /// TCP connections that are open, as far as their packets show; of a proxy of datagrams, the clients that it knows.
    pub connections: usize,
    /// Connections that were reset.
    pub reset: u64,
    /// Datagrams that a proxy did not take because it has no room for another client.
    pub turned_away: u64,
    /// A proxy of datagrams has closed its port, and tried it: it was refused.
    pub refusing: bool,
    /// What packets were duplicated, corrupted or overtaken, nobody counts.
    #[serde(default)]
    pub uncounted: bool,
    /// Delays under the present condition.
    pub up_delays: Option<Delays>,
    /// The same the other way.
    pub down_delays: Option<Delays>,
}

/// What happened to the packets of one direction. Soak's own probes are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Packets that came from their sender, those excepted that were swallowed or refused.
    pub offered: u64,
    /// Packets passed on, with their copies.
    pub packets: u64,
    /// Bytes of IP packets passed on.
    pub bytes: u64,
    /// Packets lost because that was asked for.
    pub lost: u64,
    /// Packets for which the queue of the bandwidth had no room.
    pub overflowed: u64,
    /// Packets that were swallowed while nothing was to pass.
    pub silenced: u64,
    /// Packets that were refused.
    pub refused: u64,
    /// Packets that were sent twice.
    pub duplicated: u64,
    /// Packets with a turned bit.
    pub corrupted: u64,
    /// Packets that were overtaken.
    pub reordered: u64,
    /// Packets that the machine was too busy to hand to the emulator, or to take from it.
    pub overrun: u64,
}

impl Tally {
    /// Packets that were not passed on.
    pub fn dropped(&self) -> u64 {
        self.lost + self.overflowed + self.silenced + self.refused + self.overrun
    }

    /// Both together.
    pub fn plus(&self, other: &Tally) -> Tally {
        Tally {
            offered: self.offered + other.offered,
            packets: self.packets + other.packets,
            bytes: self.bytes + other.bytes,
            lost: self.lost + other.lost,
            overflowed: self.overflowed + other.overflowed,
            silenced: self.silenced + other.silenced,
            refused: self.refused + other.refused,
            duplicated: self.duplicated + other.duplicated,
            corrupted: self.corrupted + other.corrupted,
            reordered: self.reordered + other.reordered,
            overrun: self.overrun + other.overrun,
        }
    }

    /// What has happened since an earlier look. Of an interface the kernel counts what passes together in one place and single
    /// packets in the next, so that a number may go back.
    pub fn since(&self, earlier: &Tally) -> Tally {
        Tally {
            offered: self.offered.saturating_sub(earlier.offered),
            packets: self.packets.saturating_sub(earlier.packets),
            bytes: self.bytes.saturating_sub(earlier.bytes),
            lost: self.lost.saturating_sub(earlier.lost),
            overflowed: self.overflowed.saturating_sub(earlier.overflowed),
            silenced: self.silenced.saturating_sub(earlier.silenced),
            refused: self.refused.saturating_sub(earlier.refused),
            duplicated: self.duplicated.saturating_sub(earlier.duplicated),
            corrupted: self.corrupted.saturating_sub(earlier.corrupted),
            reordered: self.reordered.saturating_sub(earlier.reordered),
            overrun: self.overrun.saturating_sub(earlier.overrun),
        }
    }
}

/// The delays of up to 4096 latest frames, from their arrival to their departure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delays {
    /// Frames since the condition was set, those included whose delay is no longer kept.
    pub frames: u64,
    pub minimum: Duration,
    pub median: Duration,
    pub p99: Duration,
    pub maximum: Duration,
}

/// The latest delays.
#[derive(Debug, Default)]
pub(super) struct Recent {
    latest: Vec<u64>,
    frames: u64,
}

impl Recent {
    pub fn record(&mut self, nanos: u64) {
        let place = (self.frames % RECENT as u64) as usize;
        match self.latest.get_mut(place) {
            Some(oldest) => *oldest = nanos,
            None => self.latest.push(nanos),
        }
        self.frames += 1;
    }

    pub fn clear(&mut self) {
        self.latest.clear();
        self.frames = 0;
    }

    pub fn delays(&self) -> Option<Delays> {
        let mut sorted = self.latest.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        // The nearest rank: the smallest delay that at least this share of all is not above.
        let rank = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil() as usize;
            Duration::from_nanos(sorted[rank.saturating_sub(1).min(last)])
        };
        Some(Delays {
            frames: self.frames,
            minimum: rank(0.0),
            median: rank(0.5),
            p99: rank(0.99),
            maximum: rank(1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_the_latest() {
        let mut recent = Recent::default();
        assert_eq!(recent.delays(), None);
        (1..=5000).for_each(|nanos| recent.record(nanos));
        let delays = recent.delays().unwrap();
        assert_eq!(delays.frames, 5000);
        assert_eq!(delays.minimum, Duration::from_nanos(905));
        assert_eq!(delays.maximum, Duration::from_nanos(5000));
        assert_eq!(delays.median, Duration::from_nanos(2952));
        recent.clear();
        assert_eq!(recent.delays(), None);
    }
}
