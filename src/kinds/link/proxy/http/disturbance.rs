//! What can be asked of a proxy that understands HTTP.

use std::time::Duration;

/// What is done to requests and answers. Each part is there or not, independently of the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disturbance {
    pub answer: Option<OwnAnswer>,
    pub delay: Option<Delay>,
    /// The share of the answers that are ended in the middle, from 0 to 1, drawn for each.
    pub tear: Option<f64>,
}

/// Requests that the link answers itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnAnswer {
    /// From 200 to 599.
    pub status: u16,
    /// The share of the requests, from 0 to 1, drawn for each.
    pub share: f64,
}

/// Requests that are held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delay {
    /// How their paths begin.
    pub route: String,
    /// How long each is held back, from when its head was there.
    pub time: Duration,
}

impl Disturbance {
    /// Whether a request must not go on before all of its head is there.
    pub(super) fn holds_heads(&self) -> bool {
        self.answer.is_some() || self.delay.is_some()
    }
}
