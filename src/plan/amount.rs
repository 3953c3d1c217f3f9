//! What is known of a number before the run: its least and its most, for times and for counts.

use super::Sent;
use crate::check::scenario::{LoadSubject, Scenario};
use crate::lang::expr::ActionId;
use indexmap::IndexMap;

/// Nanoseconds on the shortest and on the longest course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub least: u64,
    /// `None`: unbounded.
    pub most: Option<u64>,
}

impl Default for Time {
    /// None: nothing takes time until something says so.
    fn default() -> Time {
        Time::ZERO
    }
}

impl Time {
    pub const ZERO: Time = Time { least: 0, most: Some(0) };

    pub fn exactly(nanos: u64) -> Time {
        Time { least: nanos, most: Some(nanos) }
    }

    /// Nothing on the shortest course, so much on the longest.
    pub fn up_to(most: Option<u64>) -> Time {
        Time { least: 0, most }
    }

    /// No less than that, on either course.
    pub fn at_least(self, nanos: u64) -> Time {
        Time { least: self.least.max(nanos), most: self.most.map(|most| most.max(nanos)) }
    }

    pub fn plus(self, other: Time) -> Time {
        Time {
            least: self.least.saturating_add(other.least),
            most: self.most.zip(other.most).map(|(one, other)| one.saturating_add(other)),
        }
    }

    pub fn times(self, count: Count) -> Time {
        let most = match (self.most, count.most) {
            (Some(0), _) | (_, Some(0)) => Some(0),
            (Some(time), Some(count)) => Some(time.saturating_mul(count)),
            _ => None,
        };
        Time { least: self.least.saturating_mul(count.least), most }
    }

    /// What of it lies after `earlier`, each course for itself.
    pub fn since(self, earlier: Time) -> Time {
        Time {
            least: self.least.saturating_sub(earlier.least),
            most: self.most.map(|most| earlier.most.map_or(0, |earlier| most.saturating_sub(earlier))),
        }
    }

    /// Both, whichever ends later.
    pub fn later(self, other: Time) -> Time {
        Time {
            least: self.least.max(other.least),
            most: self.most.zip(other.most).map(|(one, other)| one.max(other)),
        }
    }

    /// One of the two, whichever it will be.
    pub fn either(self, other: Time) -> Time {
        Time { least: self.least.min(other.least), ..self.later(other) }
    }

    /// No more than the time that is left on each course.
    pub fn within(self, left: Left) -> Time {
        let least = left.least.map_or(self.least, |left| self.least.min(left));
        let most = match (self.most, left.most) {
            (Some(most), Some(left)) => Some(most.min(left)),
            (most, left) => most.or(left),
        };
        Time { least, most }
    }

    pub fn is_fixed(self) -> bool {
        self.most == Some(self.least)
    }
}

/// How long the blocks around leave, on each course; `None`: as long as it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub least: Option<u64>,
    pub most: Option<u64>,
}

impl Left {
    /// What is left after some time.
    pub fn after(self, time: Time) -> Left {
        Left {
            least: self.least.map(|left| left.saturating_sub(time.least)),
            most: self.most.map(|left| time.most.map_or(0, |time| left.saturating_sub(time))),
        }
    }

    /// Or so long, if that is less.
    pub fn or(self, time: Time) -> Left {
        Left {
            least: Some(self.least.map_or(time.least, |left| left.min(time.least))),
            most: match (self.most, time.most) {
                (Some(left), Some(time)) => Some(left.min(time)),
                (left, time) => left.or(time),
            },
        }
    }
}

/// How many there will be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// At least.
    pub least: u64,
    /// At most; `None` where nobody knows.
    pub most: Option<u64>,
    /// Whether it is an expectation: of random gaps, or of a share of a mix.
    pub expected: bool,
}

impl Count {
    pub(super) const ZERO: Count = Count { least: 0, most: Some(0), expected: false };
    pub(super) const UNKNOWN: Count = Count { least: 0, most: None, expected: false };

    /// So many.
    pub fn exactly(count: u64) -> Count {
        Count { least: count, most: Some(count), expected: false }
    }

    /// The number, where it is one: what the file fixes, or the expectation.
    pub fn known(self) -> Option<u64> {
        self.most.filter(|most| *most == self.least)
    }

    pub(super) fn plus(self, other: Count) -> Count {
        Count {
            least: self.least.saturating_add(other.least),
            most: self.most.zip(other.most).and_then(|(one, other)| one.checked_add(other)),
            expected: self.expected || other.expected,
        }
    }

    pub(super) fn times(self, passes: Count) -> Count {
        let most = match (self.most, passes.most) {
            (Some(0), _) | (_, Some(0)) => Some(0),
            (Some(count), Some(passes)) => count.checked_mul(passes),
            _ => None,
        };
        let expected = self.expected || passes.expected;
        Count { least: self.least.saturating_mul(passes.least), most, expected }
    }

    pub(super) fn either(self, other: Count) -> Count {
        Count {
            least: self.least.min(other.least),
            most: self.most.zip(other.most).map(|(one, other)| one.max(other)),
            expected: self.expected || other.expected,
        }
    }

    /// A share of it, as an expectation.
    fn share(self, share: f64) -> Count {
        let part = |count: u64| (count as f64 * share).round() as u64;
        Count { least: part(self.least), most: self.most.map(part), expected: true }
    }
}

/// Iterations by what is loaded.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally(IndexMap<LoadSubject, Count>);

impl Tally {
    pub fn add(&mut self, subject: LoadSubject, count: Count) {
        let sum = self.0.entry(subject).or_insert(Count::ZERO);
        *sum = sum.plus(count);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn plus(&mut self, other: Tally) {
        for (subject, count) in other.0 {
            self.add(subject, count);
        }
    }

    pub fn times(mut self, passes: Count) -> Tally {
        for count in self.0.values_mut() {
            *count = count.times(passes);
        }
        self
    }

    /// One of the two, whichever it will be.
    pub fn either(mut self, other: &Tally) -> Tally {
        for (subject, count) in &mut self.0 {
            *count = count.either(other.of(*subject));
        }
        for (subject, count) in &other.0 {
            self.0.entry(*subject).or_insert_with(|| count.either(Count::ZERO));
        }
        self
    }

    fn of(&self, subject: LoadSubject) -> Count {
        self.0.get(&subject).copied().unwrap_or(Count::ZERO)
    }

    /// By name; of nothing is known how much it will be where not everything was followed.
    pub fn sent(&self, scenario: &Scenario, complete: bool) -> Sent {
        let known = |count: Count| if complete { count } else { Count { most: None, ..count } };
        let mut actions: IndexMap<ActionId, Count> = IndexMap::new();
        let mut add = |action: ActionId, count: Count| {
            let sum = actions.entry(action).or_insert(Count::ZERO);
            *sum = sum.plus(known(count));
        };
        for (subject, count) in &self.0 {
            match subject {
                LoadSubject::Action(action) => add(*action, *count),
                LoadSubject::Mix(mix) => {
                    for (share, action) in &scenario.mixes[mix.index()].parts {
                        add(*action, count.share(*share));
                    }
                }
            }
        }
        let loads = self
            .0
            .iter()
            .map(|(subject, count)| (scenario.subject_name(*subject).to_string(), known(*count)));
        Sent {
            total: known(self.0.values().fold(Count::ZERO, |sum, count| sum.plus(*count))),
            loads: loads.collect(),
            actions: actions
                .into_iter()
                .map(|(id, count)| (scenario.action(id).name.clone(), count))
                .collect(),
        }
    }
}
