//! A point on a run's own time line: monotonic, counted from the run's start, never wall clock.

use std::time::{Duration, Instant};

/// Nanoseconds since the run began. 64 bits last for 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Moment {
    /// The run's first instant.
    pub const START: Moment = Moment(0);
    /// Later than everything that can happen.
    pub const NEVER: Moment = Moment(u64::MAX);

    /// Seconds since the run began.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time from `earlier` to `self`, zero when `earlier` is in fact later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment `duration` later; [`Moment::NEVER`] where that would not fit.
    pub fn after(self, duration: Duration) -> Moment {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Moment(self.0.saturating_add(nanos))
    }

    /// The moment `duration` earlier; the run's start where that would be before it.
    pub fn before(self, duration: Duration) -> Moment {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Moment(self.0.saturating_sub(nanos))
    }
}

/// The real time line of one run: maps the machine's monotonic clock to [`Moment`]s.
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    origin: Instant,
}

impl Timeline {
    /// A time line that begins now.
    pub fn begin() -> Timeline {
        Timeline { origin: Instant::now() }
    }

    /// The present moment.
    pub fn now(self) -> Moment {
        Moment::START.after(self.origin.elapsed())
    }

    /// The machine's clock at `moment`, where it can be represented.
    pub fn instant(self, moment: Moment) -> Option<Instant> {
        self.origin.checked_add(Duration::from_nanos(moment.0))
    }
}
