//! What is done to requests and answers, and to which of them.

use std::time::Duration;

/// Everything at once; nothing of it by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disturbance {
    /// Requests that the link answers itself.
    pub answer: Option<Refusal>,
    /// Requests that are held back.
    pub delay: Option<Delay>,
    /// The share of answers that end in the middle.
    pub tear: Option<f64>,
}

/// Answers of the link's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refusal {
    pub status: u16,
    /// To how many of the requests.
    pub share: f64,
}

/// What is held back, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay {
    /// How the paths begin.
    pub route: String,
    pub time: Duration,
}
