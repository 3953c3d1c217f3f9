//! Windows: the stretch of a run that a reading looks at.

use std::time::Duration;

use crate::lang::moment::Moment;

/// The half-open stretch `[start, end)` of a run.
///
/// A block that has ended is exactly that: what happens at its last instant belongs to what follows.
/// A window that reaches up to the present must include what was recorded at this very instant, so
/// [`Window::so_far`] and [`Window::over`] end one nanosecond after `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first moment inside.
    pub start: Moment,
    /// The first moment no longer inside.
    pub end: Moment,
}

impl Window {
    /// A window that is over: `[start, end)`.
    pub fn between(start: Moment, end: Moment) -> Window {
        Window { start, end }
    }

    /// From `start` up to and with `now`: a block that is still open.
    pub fn so_far(start: Moment, now: Moment) -> Window {
        Window { start, end: now.after(Duration::from_nanos(1)) }
    }

    /// The last `length` up to and with `now`. None before that much time has passed since `birth`, the
    /// moment from which the series was followed.
    pub fn over(now: Moment, length: Duration, birth: Moment) -> Option<Window> {
        let nanos = u64::try_from(length.as_nanos()).ok()?;
        let before = now.0.checked_sub(nanos)?;
        if before < birth.0 {
            return None;
        }
        Some(Window { start: Moment(before.saturating_add(1)), end: now.after(Duration::from_nanos(1)) })
    }

    /// Whether `at` lies inside.
    pub fn contains(self, at: Moment) -> bool {
        self.start <= at && at < self.end
    }

    /// How long it is.
    pub fn length(self) -> Duration {
        self.end.since(self.start)
    }

    /// Whether the middle of `[first, last]` lies inside: where a summary that cannot be divided counts.
    pub(super) fn holds_middle(self, first: Moment, last: Moment) -> bool {
        self.contains(Moment(first.0 + last.0.saturating_sub(first.0) / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn over_has_no_value_before_its_length_has_passed() {
        let birth = Moment(2 * SECOND);
        let length = Duration::from_secs(5);
        assert_eq!(Window::over(Moment(7 * SECOND - 1), length, birth), None);
        let window = Window::over(Moment(7 * SECOND), length, birth).expect("five seconds have passed");
        assert_eq!(window.length(), length);
        assert!(window.contains(Moment(7 * SECOND)));
        assert!(!window.contains(birth), "the instant exactly five seconds ago is no longer inside");
    }

    #[test]
    fn the_present_instant_is_in_an_open_block_and_the_last_is_not_in_a_closed_one() {
        let (start, now) = (Moment(10), Moment(20));
        assert!(Window::so_far(start, now).contains(now));
        assert!(!Window::between(start, now).contains(now));
        assert!(Window::between(start, now).contains(start));
    }
}
