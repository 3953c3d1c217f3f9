//! What grows, from one sample to the next, as readings of processor time compare it.

use std::time::{Duration, Instant};

/// The shortest stretch that says something: the kernel counts processor time in ticks of mostly 10 ms.
pub const SHORTEST: Duration = Duration::from_millis(200);

/// The latest samples that others are compared with. A sample that is asked for right behind another one is compared
/// with the one before that.
#[derive(Debug)]
pub struct Stretch<T> {
    last: Option<(Instant, T)>,
    before: Option<(Instant, T)>,
}

impl<T> Default for Stretch<T> {
    fn default() -> Stretch<T> {
        Stretch { last: None, before: None }
    }
}

impl<T: Copy> Stretch<T> {
    /// Takes a sample in and gives the one to compare it with, at least [`SHORTEST`] older; `None` while there is none.
    pub fn since(&mut self, now: Instant, sample: T) -> Option<(Instant, T)> {
        match self.last {
            Some((at, _)) if now.saturating_duration_since(at) < SHORTEST => self.before,
            _ => {
                self.before = self.last.replace((now, sample));
                self.before
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_right_behind_another_is_compared_with_the_one_before() {
        let mut stretch = Stretch::default();
        let begin = Instant::now();
        let at = |milliseconds| begin + Duration::from_millis(milliseconds);
        for (moment, sample, basis) in [
            (0, 1, None),
            (50, 2, None),
            (1000, 3, Some((at(0), 1))),
            (1010, 4, Some((at(0), 1))),
            (2000, 5, Some((at(1000), 3))),
        ] {
            assert_eq!(stretch.since(at(moment), sample), basis, "{moment}");
        }
    }
}
