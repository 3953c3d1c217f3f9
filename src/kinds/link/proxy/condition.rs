//! What a link can be asked to be like.

use std::time::Duration;

/// The state of a link. A new one replaces the old one whole.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Condition {
    /// Everything passes as fast as it can.
    #[default]
    On,
    /// Silence: nothing passes and nobody is told. Connections freeze, ends that close included; what their
    /// ends have sent is kept and passes once the link is on again. New connections find an open port (the
    /// kernel answers them), but are connected on only when the link is on again.
    Off,
    /// Open connections are reset and the port is closed, so new ones are refused.
    Refuse,
    /// Everything passes, but worse.
    Degrade(Impairment),
}

/// How each direction of a link is impaired; `None` leaves that direction as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impairment {
    /// From the clients to the server.
    pub up: Option<Direction>,
    /// From the server to the clients.
    pub down: Option<Direction>,
}

impl Impairment {
    /// The same impairment in both directions.
    pub fn both(direction: Direction) -> Impairment {
        Impairment { up: Some(direction), down: Some(direction) }
    }
}

/// How one direction of a link is impaired.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Direction {
    /// How long everything takes on its way, the end of the stream included.
    pub latency: Duration,
    /// The most that `latency` varies by, evenly spread to both sides and never below zero. Order is kept, so
    /// in dense traffic a late piece holds up those behind it.
    pub jitter: Duration,
    /// Bytes per second that all connections of the link share. Values below 1, and what is no number, count
    /// as 1.
    pub bandwidth: Option<f64>,
}

impl Direction {
    /// The time on the way of a piece whose place in the range of the jitter is `sway`, from -1 to 1.
    pub(super) fn delay(&self, sway: f64) -> Duration {
        let shift = self.jitter.mul_f64(sway.abs().min(1.0));
        if sway < 0.0 { self.latency.saturating_sub(shift) } else { self.latency.saturating_add(shift) }
    }
}

/// One of the two ways through a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Up,
    Down,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_lies_within_the_jitter_and_never_below_zero() {
        let milliseconds = Duration::from_millis;
        for (latency, jitter, sway, expected) in [
            (10, 4, -1.0, 6),
            (10, 4, 0.0, 10),
            (10, 4, 0.5, 12),
            (10, 4, 1.0, 14),
            (1, 4, -1.0, 0),
            (0, 0, 1.0, 0),
        ] {
            let direction =
                Direction { latency: milliseconds(latency), jitter: milliseconds(jitter), bandwidth: None };
            assert_eq!(direction.delay(sway), milliseconds(expected), "{latency} {jitter} {sway}");
        }
    }
}
