//! How late the times of followed items are: from the file system's own time of the change to ours.

use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;

/// The longest lateness told apart, in microseconds.
const MOST: u64 = 3_600_000_000;

/// Lateness of all items so far. The file system's times are as coarse as the kernel's tick (up to 4 ms, on
/// the early side), so this errs towards too late.
#[derive(Debug)]
pub struct Lateness {
    micros: Option<Histogram<u64>>,
}

/// What a report says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LatenessSummary {
    /// Items whose lateness could be told.
    pub count: u64,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The latest.
    pub max: Duration,
}

impl Default for Lateness {
    fn default() -> Lateness {
        Lateness { micros: Histogram::new_with_bounds(1, MOST, 2).ok() }
    }
}

impl Lateness {
    /// An item whose file changed at `changed` is told now.
    pub fn record(&mut self, changed: SystemTime) {
        let late = SystemTime::now().duration_since(changed).unwrap_or_default();
        if let Some(micros) = &mut self.micros {
            micros.saturating_record(u64::try_from(late.as_micros()).unwrap_or(MOST));
        }
    }

    /// All of it so far.
    pub fn summary(&self) -> LatenessSummary {
        let Some(micros) = self.micros.as_ref().filter(|micros| !micros.is_empty()) else {
            return LatenessSummary::default();
        };
        let at = |share| Duration::from_micros(micros.value_at_quantile(share));
        LatenessSummary {
            count: micros.len(),
            p50: at(0.5),
            p99: at(0.99),
            max: Duration::from_micros(micros.max()),
        }
    }
}
