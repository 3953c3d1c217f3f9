//! A condition that is being watched: an expectation, a `wait until`, the condition of a loop.

use super::random::Place;
use super::scope::{Names, ScopeId};
use super::strand::StrandId;
use crate::check::scenario::Expectation;
use crate::expect::{Judge, Qualifier};
use crate::lang::expr::{Expr, SeriesId};
use crate::lang::moment::Moment;
use crate::source::Span;
use std::rc::Rc;
use std::time::Duration;

/// A condition that is being watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub u64);

/// What a condition is watched for.
#[derive(Clone, Debug)]
pub enum Purpose<'s> {
    Expectation {
        expectation: &'s Expectation,
        name: String,
    },
    /// `wait until`
    Wait(Span),
    /// `repeat until`, before a pass.
    Loop,
}

/// How far a watch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Fresh samples, or the grace of loads, are waited for: so many.
    Gathering(usize),
    /// Samples are judged as they come.
    Watching,
}

/// A condition that is being watched.
#[derive(Debug)]
pub struct Watch<'s> {
    pub purpose: Purpose<'s>,
    pub condition: &'s Expr,
    pub judge: Judge,
    pub progress: Progress,
    /// The strand that waits for the ruling, where one does.
    pub strand: Option<StrandId>,
    /// The block it stands in, while that lasts.
    pub scope: Option<ScopeId>,
    /// When that block began, and when it ended.
    pub window: (Moment, Option<Moment>),
    pub names: Rc<Names>,
    pub place: Place,
    pub depth: u32,
    /// The phases and passes around it, and the innermost phase.
    pub around: (Vec<String>, Option<u64>),
    /// Faults that were in force when its block ended.
    pub faults: Option<Vec<String>>,
    /// The series it depends on, none of them derived.
    pub series: Rc<[SeriesId]>,
    /// Whether what it comes to changes with time alone.
    pub ticks: bool,
    /// Loads whose grace it waits for.
    pub draining: Vec<super::world::LoadId>,
    /// How far back it looks for a slope, where it does; nothing is the block so far.
    pub slope: Option<Option<Duration>>,
    /// When it was judged last.
    pub judged: Option<Moment>,
    /// The earliest alarm that is set.
    pub armed: Moment,
    /// Whether its misses only warn.
    pub lenient: bool,
}

/// A slope is formed anew once the window has moved by this part of its length.
const SLOPE_STEP: u32 = 1000;

impl Watch<'_> {
    /// Whether it is too early to judge it again: a slope over hours costs much and changes little in a second.
    pub fn too_early(&self, at: Moment) -> bool {
        let (Some(slope), Some(judged)) = (self.slope, self.judged) else { return false };
        let length = slope.unwrap_or_else(|| at.since(self.window.0));
        at.since(judged) < length / SLOPE_STEP
    }

    /// Whether it is judged only once all it needs has arrived.
    pub fn judged_once(&self) -> bool {
        matches!(self.judge.qualifier(), Qualifier::Now | Qualifier::AtEnd)
    }
}
