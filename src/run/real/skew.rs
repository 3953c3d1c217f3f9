//! The proof of a wrong clock: that it was asked while it was wrong.

use crate::event::Evidence;
use crate::kinds::process::skew::Clock;
use crate::kinds::undo::Tree;
use crate::lang::call::Arguments;
use crate::lang::unit::{format_duration, number};
use crate::run::world::Effect;
use std::time::Duration;

/// A clock that is wrong.
#[derive(Clone, Copy)]
pub(super) struct Skewed {
    /// By how much, in nanoseconds.
    ahead: i64,
    /// How often it had been asked before.
    asked: u64,
}

impl Skewed {
    pub fn begin(clock: &Clock, ahead: i64) -> Skewed {
        Skewed { ahead, asked: clock.asked().unwrap_or_default() }
    }

    /// What became of it; looked at in its last moment.
    pub fn effect(self, clock: &Clock, tree: Option<&Tree>) -> Effect {
        let asked = clock.asked().unwrap_or_default().saturating_sub(self.asked);
        let length = format_duration(Duration::from_nanos(self.ahead.unsigned_abs()));
        let way = if self.ahead < 0 { "behind" } else { "ahead" };
        if asked > 0 {
            let measured = format!("{length} {way} each of {} times that it was asked", number(asked as f64));
            return Effect { measured: Some(measured), evidence: Evidence::Measured };
        }
        match tree.and_then(|tree| clock.reaches(tree).ok()) {
            Some((0, members)) if members > 0 => Effect {
                measured: Some("none of its processes asks the C library what time it is".into()),
                evidence: Evidence::None,
            },
            _ => {
                Effect { measured: Some("its clock was not asked".into()), evidence: Evidence::NotExercised }
            }
        }
    }
}

/// How far ahead a call wants a clock, in nanoseconds.
pub(super) fn ahead(arguments: &Arguments) -> i64 {
    let nanos = |name: &str| {
        let length = arguments.duration(name)?;
        Some(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX))
    };
    nanos("ahead").or(nanos("behind").map(|behind| -behind)).unwrap_or_default()
}
