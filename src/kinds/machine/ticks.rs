//! What all cores together have done since the machine started (proc_stat(5)).

use procfs::{CurrentSI, KernelStats};
use std::io;

/// Busy and whole time, in ticks.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    busy: u64,
    all: u64,
}

impl Ticks {
    /// Those until now.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn now() -> io::Result<Ticks> {
        let total = KernelStats::current().map_err(io::Error::other)?.total;
        let idle = total.idle + total.iowait.unwrap_or(0);
        let busy = total.user
            + total.nice
            + total.system
            + total.irq.unwrap_or(0)
            + total.softirq.unwrap_or(0)
            + total.steal.unwrap_or(0);
        Ok(Ticks { busy, all: busy + idle })
    }

    /// Which share of the time since an earlier look they were busy; nothing where no time has passed.
    pub fn busy_since(self, before: Ticks) -> Option<f64> {
        let all = self.all.saturating_sub(before.all);
        (all > 0).then(|| self.busy.saturating_sub(before.busy) as f64 / all as f64)
    }
}
