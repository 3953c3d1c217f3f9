//! The list of series: everything that is read stands in it once.

use super::scenario::{LoadSubject, Origin, Series};
use super::state::Checker;
use crate::lang::expr::{ActionId, LedgerId, SeriesId, TargetId};
use crate::lang::quantity::Dimension;
use crate::lang::types::Shape;
use crate::source::Span;
use std::time::Duration;

/// How often a series is sampled where nothing else is said.
pub const DEFAULT_EVERY: Duration = Duration::from_secs(1);

/// What makes two readings the same series.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum SeriesKey {
    /// With its arguments as written.
    Target(TargetId, &'static str, String),
    Load(LoadSubject, &'static str),
    Capture(ActionId, usize),
    Ledger(LedgerId, &'static str),
    /// A source as written, and how often it is sampled.
    Source(String, Duration),
    /// An expression as written.
    Composed(String),
}

/// A series before it has a place in the list.
pub(super) struct NewSeries {
    pub name: String,
    pub origin: Origin,
    pub shape: Shape,
    pub dimension: Dimension,
    pub percent: bool,
    pub span: Span,
}

impl Checker<'_> {
    /// The series of a key, made where it is not there yet.
    pub fn intern(&mut self, key: SeriesKey, make: impl FnOnce() -> NewSeries) -> SeriesId {
        if let Some(series) = self.series.get(&key) {
            return *series;
        }
        let series = self.add_series(make());
        self.series.insert(key, series);
        series
    }

    /// A series of its own.
    pub fn add_series(&mut self, new: NewSeries) -> SeriesId {
        let NewSeries { name, origin, shape, dimension, percent, span } = new;
        let id = SeriesId(self.scenario.series.len() as u32);
        let every = self.every();
        self.scenario.series.push(Series { name, origin, shape, dimension, percent, every, span });
        id
    }

    /// How often what is read here is sampled.
    pub fn every(&self) -> Duration {
        self.metric_every.unwrap_or(DEFAULT_EVERY)
    }
}
