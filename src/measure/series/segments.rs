//! A line of summaries over time that stays short however long the run: the older, the wider.
//!
//! Neighbours are joined once what they cover together is a small share of their age, so that the edge of a
//! window is never off by more than half that share of its distance from the present, and the number of
//! summaries grows with the logarithm of the run's length. They are never joined across a mark.

use super::marks::Marks;
use crate::lang::moment::Moment;
use crate::measure::window::Window;

/// Summaries added between two passes over the line.
const SLACK: usize = 64;

/// When memory is short, the share is widened by this factor, at most so often in a pass.
const WIDENING: f64 = 1.5;
const MOST_WIDENINGS: u32 = 16;

/// What a segment knows of its stretch.
pub trait Summary: Default {
    /// Takes in what came after it.
    fn absorb(&mut self, later: Self);
    /// Memory it takes beside itself.
    fn heap_bytes(&self) -> usize;
}

/// A stretch from its first to its last record, both inside.
#[derive(Debug)]
pub struct Segment<S> {
    pub first: Moment,
    pub last: Moment,
    pub summary: S,
}

/// How a line of segments is kept short.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Records this close to a segment's first (in nanoseconds) join it at once.
    pub grain: u64,
    /// How wide a segment may be, as a share of its age.
    pub share: f64,
    /// The newest segments, which are left as they are.
    pub keep: usize,
    /// Memory from which on the share is widened.
    pub budget: usize,
}

/// Segments in order of time.
#[derive(Debug)]
pub struct Segments<S> {
    list: Vec<Segment<S>>,
    policy: Policy,
    latest: Moment,
    compact_at: usize,
    /// The places found last, the latest first: what is recorded together lies in one of a few segments.
    found: [usize; 2],
}

impl<S: Summary> Segments<S> {
    pub fn new(policy: Policy) -> Segments<S> {
        let compact_at = policy.keep + SLACK;
        Segments { list: Vec::new(), policy, latest: Moment::START, compact_at, found: [0; 2] }
    }

    /// The segment that a record at `at` belongs to, made where there is none. Marks that come later than the
    /// records around them divide only what follows.
    pub fn slot(&mut self, at: Moment, marks: &Marks) -> &mut S {
        self.latest = self.latest.max(at);
        if self.list.len() >= self.compact_at {
            self.compact(marks);
        }
        let next = self.behind(at);
        let newest = next == self.list.len();
        let index = if next > 0 && self.joins(&self.list[next - 1], at, newest, marks) {
            next - 1
        } else {
            self.list.insert(next, Segment { first: at, last: at, summary: S::default() });
            next
        };
        if self.found[0] != index {
            self.found = [index, self.found[0]];
        }
        let segment = &mut self.list[index];
        segment.last = segment.last.max(at);
        &mut segment.summary
    }

    /// The place of the first segment that begins after a moment.
    fn behind(&self, at: Moment) -> usize {
        for found in self.found {
            let begins = |place: usize| self.list.get(place).map(|segment| segment.first);
            if begins(found).is_some_and(|first| first <= at)
                && begins(found + 1).is_none_or(|first| at < first)
            {
                return found + 1;
            }
        }
        self.list.partition_point(|segment| segment.first <= at)
    }

    /// Whether a record at `at`, not before the segment's first, belongs into it.
    fn joins(&self, segment: &Segment<S>, at: Moment, newest: bool, marks: &Marks) -> bool {
        if at <= segment.last {
            return true;
        }
        let grain = if newest { self.policy.grain } else { self.policy.grain.max(self.width_at(at)) };
        at.0 - segment.first.0 < grain && marks.first_between(segment.last, at).is_none()
    }

    fn width_at(&self, at: Moment) -> u64 {
        (self.latest.0.saturating_sub(at.0) as f64 * self.policy.share) as u64
    }

    /// Appends a segment that lies after all others.
    pub fn push(&mut self, segment: Segment<S>, now: Moment, marks: &Marks) {
        self.latest = self.latest.max(now);
        self.list.push(segment);
        if self.list.len() >= self.compact_at {
            self.compact(marks);
        }
    }

    fn compact(&mut self, marks: &Marks) {
        self.join(self.policy.share, marks);
        let mut share = self.policy.share;
        for _ in 0..MOST_WIDENINGS {
            if self.bytes() <= self.policy.budget {
                break;
            }
            share *= WIDENING;
            self.join(share, marks);
        }
        let old = self.list.len().saturating_sub(self.policy.keep);
        self.compact_at = self.list.len().max(self.policy.keep) + SLACK.max(old.max(self.policy.keep) / 8);
        let room = self.compact_at + 1 - self.list.len();
        self.list.shrink_to(self.compact_at + 1);
        self.list.reserve_exact(room);
    }

    fn join(&mut self, share: f64, marks: &Marks) {
        let joinable = self.list.len().saturating_sub(self.policy.keep);
        let latest = self.latest.0;
        let newest = self.list.split_off(joinable);
        let mut joined: Vec<Segment<S>> = Vec::with_capacity(self.compact_at + 1);
        for segment in std::mem::take(&mut self.list) {
            let widest = (latest.saturating_sub(segment.last.0) as f64 * share) as u64;
            match joined.last_mut() {
                Some(before)
                    if segment.last.0 - before.first.0 <= widest
                        && marks.first_between(before.last, segment.first).is_none() =>
                {
                    before.last = segment.last;
                    before.summary.absorb(segment.summary);
                }
                _ => joined.push(segment),
            }
        }
        joined.extend(newest);
        self.list = joined;
    }

    /// The segments whose middle lies in the window, in order.
    pub fn within(&self, window: Window) -> impl Iterator<Item = &Segment<S>> {
        let start = self.list.partition_point(|segment| segment.last < window.start);
        self.list[start..]
            .iter()
            .take_while(move |segment| segment.first < window.end)
            .filter(move |segment| window.holds_middle(segment.first, segment.last))
    }

    /// All segments, in order.
    pub fn all(&self) -> &[Segment<S>] {
        &self.list
    }

    /// Memory taken beside itself.
    pub fn bytes(&self) -> usize {
        self.list.capacity() * size_of::<Segment<S>>()
            + self.list.iter().map(|segment| segment.summary.heap_bytes()).sum::<usize>()
    }
}
