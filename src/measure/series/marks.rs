//! Moments that summaries never reach across: pinned edges of blocks, and restarts of what is measured.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use crate::lang::moment::Moment;

/// The most moments that may be pinned in one series at a time.
pub const MOST_PINS: usize = 4096;

/// The most restarts remembered; older ones are forgotten together with the slope before them.
pub const MOST_RESTARTS: usize = 256;

/// More blocks and phases are to be kept exact than a series has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a series keeps at most {MOST_PINS} edges of blocks exact")]
pub struct TooManyPins;

/// The marks of one series.
#[derive(Debug, Default)]
pub struct Marks {
    pins: BTreeMap<Moment, u32>,
    restarts: VecDeque<Moment>,
    /// Before this moment, restarts are no longer known.
    forgotten: Moment,
    /// No mark is later than this.
    latest: Moment,
}

impl Marks {
    /// Keeps `at` as an exact edge until it has been unpinned as often as pinned.
    ///
    /// # Errors
    /// When [`MOST_PINS`] moments are pinned already.
    pub fn pin(&mut self, at: Moment) -> Result<(), TooManyPins> {
        if self.pins.len() >= MOST_PINS && !self.pins.contains_key(&at) {
            return Err(TooManyPins);
        }
        *self.pins.entry(at).or_default() += 1;
        self.latest = self.latest.max(at);
        Ok(())
    }

    /// Takes back one [`Marks::pin`]; of a moment that is not pinned, nothing happens.
    pub fn unpin(&mut self, at: Moment) {
        if let Some(count) = self.pins.get_mut(&at) {
            *count -= 1;
            if *count == 0 {
                self.pins.remove(&at);
            }
        }
    }

    /// What is measured has begun anew at `at`.
    pub fn restart(&mut self, at: Moment) {
        let place = self.restarts.partition_point(|known| *known < at);
        if self.restarts.get(place) == Some(&at) {
            return;
        }
        self.restarts.insert(place, at);
        self.latest = self.latest.max(at);
        if self.restarts.len() > MOST_RESTARTS
            && let Some(oldest) = self.restarts.pop_front()
        {
            self.forgotten = oldest;
        }
    }

    /// The first mark in `(before, upto]`.
    pub fn first_between(&self, before: Moment, upto: Moment) -> Option<Moment> {
        if before >= upto || before >= self.latest {
            return None;
        }
        let pin = self.pins.range((Bound::Excluded(before), Bound::Included(upto))).next().map(|(at, _)| *at);
        let place = self.restarts.partition_point(|known| *known <= before);
        let restart = self.restarts.get(place).copied().filter(|at| *at <= upto);
        match (pin, restart) {
            (Some(pin), Some(restart)) => Some(pin.min(restart)),
            (pin, restart) => pin.or(restart),
        }
    }

    /// Which life a moment belongs to; None where restarts are no longer known.
    pub fn life(&self, at: Moment) -> Option<usize> {
        (at >= self.forgotten).then(|| self.restarts.partition_point(|known| *known <= at))
    }

    /// Memory taken beside itself, roughly.
    pub fn bytes(&self) -> usize {
        self.pins.len() * 24 + self.restarts.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_holds_as_often_as_it_was_set() {
        let mut marks = Marks::default();
        marks.pin(Moment(5)).unwrap();
        marks.pin(Moment(5)).unwrap();
        marks.unpin(Moment(5));
        assert_eq!(marks.first_between(Moment(4), Moment(5)), Some(Moment(5)));
        assert_eq!(marks.first_between(Moment(5), Moment(9)), None);
        marks.unpin(Moment(5));
        marks.unpin(Moment(5));
        assert_eq!(marks.first_between(Moment(0), Moment(9)), None);
    }

    #[test]
    fn too_many_pins_are_refused() {
        let mut marks = Marks::default();
        for at in 0..MOST_PINS as u64 {
            marks.pin(Moment(at)).unwrap();
        }
        assert_eq!(marks.pin(Moment(u64::MAX)), Err(TooManyPins));
        assert_eq!(marks.pin(Moment(0)), Ok(()), "what is pinned already takes no more room");
    }

    #[test]
    fn forgotten_restarts_leave_no_life() {
        let mut marks = Marks::default();
        for at in 1..=MOST_RESTARTS as u64 + 1 {
            marks.restart(Moment(at * 10));
        }
        assert_eq!(marks.life(Moment(9)), None);
        assert_eq!(marks.life(Moment(10)), Some(0));
        assert_eq!(marks.life(Moment(25)), Some(1));
    }
}
