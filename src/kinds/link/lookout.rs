//! What the thread of a link does when it has passed on what came: looks on, sleeps, or lets traffic gather.
//!
//! To sleep and be woken takes as long as an answer on a fast network, tens of microseconds where the processor goes idle
//! meanwhile. So the thread looks on for a moment after traffic. That may take a small part of a core; where something
//! comes while it looks, it has saved a wake-up, and a quarter of the time counts. Of packets that come closer than it could
//! be woken for each it lets some gather, as network cards do: else whoever receives them is interrupted for each one.

use super::emulator::Nanos;

/// For so long it looks on after traffic.
const STRETCH: Nanos = 80_000;
/// One part of so many of a core is what looking on in vain may take.
const PART: Nanos = 8;
/// Of looking on that was not in vain one part of so many counts.
const SAVED: Nanos = 4;
/// What was not looked on may be made up for to this much.
const MOST_CREDIT: Nanos = 2_000_000;
/// Frames that come closer than this on the average are a flood.
const CLOSE: Nanos = 25_000;
/// For so long they gather then.
const GATHER: Nanos = 50_000;
/// A longer gap says no more than that there is no flood.
const LONGEST_GAP: Nanos = 1_000_000;

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Look,
    Gather(Nanos),
    Sleep,
}

/// What came lately, and what may still be looked on.
#[derive(Debug)]
pub(super) struct Lookout {
    /// How close frames came, on the average.
    gap: Nanos,
    /// When the last ones did.
    came: Nanos,
    credit: Nanos,
    /// Up to when the credit has been counted.
    counted: Nanos,
    /// Since when it has looked on.
    looking: Option<Nanos>,
}

impl Lookout {
    pub fn new(now: Nanos) -> Lookout {
        Lookout { gap: LONGEST_GAP, came: now, credit: MOST_CREDIT, counted: now, looking: None }
    }

    /// So many frames have come since the last time, and are passed on.
    pub fn next(&mut self, frames: usize, now: Nanos) -> Next {
        self.credit = (self.credit + now.saturating_sub(self.counted) / PART).min(MOST_CREDIT);
        self.counted = now;
        if frames > 0 {
            self.pay(now, SAVED);
            let gap = now.saturating_sub(self.came).min(LONGEST_GAP) / frames as Nanos;
            self.gap = (self.gap * 7 + gap) / 8;
            self.came = now;
            return if self.gap < CLOSE { Next::Gather(GATHER) } else { Next::Look };
        }
        // It looks for as long as it is worth while, or not at all.
        let may = self.looking.is_some() || self.credit >= STRETCH;
        if may && now.saturating_sub(self.came) < STRETCH {
            self.looking.get_or_insert(now);
            return Next::Look;
        }
        self.pay(now, 1);
        Next::Sleep
    }

    fn pay(&mut self, now: Nanos, part: Nanos) {
        if let Some(since) = self.looking.take() {
            self.credit = self.credit.saturating_sub(now.saturating_sub(since) / part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute of one frame every so often, looked at every microsecond while it looks; what of it was looked on.
    fn looked(every: Nanos) -> f64 {
        let mut lookout = Lookout::new(0);
        let (mut now, mut next_frame, mut looked) = (0, every, 0_u64);
        let end = 60_000_000_000_u64.min(every * 100_000);
        while now < end {
            let frames = usize::from(now >= next_frame);
            next_frame += every * frames as Nanos;
            match lookout.next(frames, now) {
                Next::Look => {
                    now += 1_000;
                    looked += 1_000;
                }
                Next::Gather(time) => now += time,
                Next::Sleep => now = next_frame,
            }
        }
        looked as f64 / end as f64
    }

    #[test]
    fn it_looks_on_for_a_small_part_of_a_core() {
        // An answer now and then is waited for without sleep.
        assert!((0.007..0.01).contains(&looked(10_000_000)), "{}", looked(10_000_000));
        for every in [1_000_000, 200_000, 100_000] {
            assert!(looked(every) < 0.15, "{every}: {}", looked(every));
        }
        // What comes soon is looked for longer.
        for every in [70_000, 50_000, 30_000] {
            assert!((0.2..0.6).contains(&looked(every)), "{every}: {}", looked(every));
        }
    }

    #[test]
    fn a_flood_gathers_and_what_follows_it_does_not() {
        let mut lookout = Lookout::new(0);
        let mut now = 0;
        for _ in 0..50 {
            now += 10_000;
            lookout.next(1, now);
        }
        assert_eq!(lookout.next(1, now + 10_000), Next::Gather(GATHER));
        // So many as then come together are a flood still.
        for _ in 0..50 {
            now += GATHER;
            assert_eq!(lookout.next(5, now), Next::Gather(GATHER));
        }
        for _ in 0..3 {
            now += 1_000_000;
            lookout.next(1, now);
        }
        assert_eq!(lookout.next(1, now + 1_000_000), Next::Look);
    }
}
