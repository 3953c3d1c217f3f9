//! The emulator's time: nanoseconds of the kernel's monotonic clock.

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

/// A moment, in nanoseconds since some time before the machine was started.
pub(in crate::kinds::link) type Nanos = u64;

/// The present moment.
pub(in crate::kinds::link) fn now() -> Nanos {
    read(ClockId::CLOCK_MONOTONIC)
}

/// The moment of a time that the kernel took by the wall clock not long ago. Where that was set meanwhile, or the time
/// is older than `most`, it is the present moment.
pub(super) fn moment_of(stamp: TimeSpec, most: Nanos) -> Nanos {
    let (now, wall) = (now(), read(ClockId::CLOCK_REALTIME));
    match wall.checked_sub(nanos(stamp)) {
        Some(age) if age <= most => now.saturating_sub(age),
        _ => now,
    }
}

fn read(clock: ClockId) -> Nanos {
    // These two clocks are there on every Linux.
    clock_gettime(clock).map(nanos).unwrap_or_default()
}

fn nanos(time: TimeSpec) -> Nanos {
    (time.tv_sec() as u64).saturating_mul(1_000_000_000).saturating_add(time.tv_nsec() as u64)
}
