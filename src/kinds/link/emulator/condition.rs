//! What a link between hosts can be asked to be like.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The state of a link. A new one replaces the old one whole, for what is on its way too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// Every packet passes at once.
    #[default]
    On,
    /// Silence: no packet passes, those on their way included, and nobody is told.
    Off,
    /// No packet passes, and each is answered as by a host on which nobody listens: a connection is refused or reset, a
    /// datagram has no port.
    Refuse,
    /// Packets pass, but worse.
    Degrade(Box<Degraded>),
}

/// How each direction of a link is impaired; `None` leaves that direction as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Degraded {
    /// From the first host to the second.
    pub up: Option<Impairment>,
    /// From the second host to the first.
    pub down: Option<Impairment>,
}

/// How one direction of a link is impaired. Shares are from 0 to 1, and are of packets, not of bytes.
///
/// A packet is lost, or else duplicated, corrupted, put into the queue of the bandwidth, and delayed, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Impairment {
    /// How long every packet takes on its way.
    pub latency: Duration,
    /// The most that `latency` varies by, evenly spread to both sides, drawn for each packet, never below zero. Order
    /// is kept, so in dense traffic a late packet holds up those behind it.
    pub jitter: Duration,
    /// How many packets are lost.
    pub loss: f64,
    /// How many packets are lost in a row, on average, where they are not lost independently of each other. Between a
    /// good state that loses nothing and a bad one that loses everything there is one draw a packet (Gilbert, "Capacity
    /// of a burst-noise channel", Bell System Technical Journal 39, 1960).
    pub burst: Option<f64>,
    /// How many packets come twice, one right behind the other.
    pub duplicate: f64,
    /// How many packets have one bit turned, behind their IP header.
    pub corrupt: f64,
    /// How many packets are overtaken by the one behind them. Never two in a row, so at most half of all; one behind
    /// which nothing comes in [`super::PATIENCE`] goes on its way alone.
    pub reorder: f64,
    /// Bytes of IP packets per second. Values below 1, and what is no number, count as 1.
    pub bandwidth: Option<f64>,
    /// How many bytes may wait for the bandwidth; a packet for which there is no room is lost. Without it, what passes
    /// in [`super::QUEUE_TIME`], and at least [`super::QUEUE_LEAST`].
    pub queue: Option<f64>,
}

/// One of the two ways through a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From the first host to the second.
    Up,
    /// From the second host to the first.
    Down,
}

impl Condition {
    /// What it means for one direction.
    pub(in crate::kinds::link) fn passage(&self, side: Side) -> Passage {
        match (self, side) {
            (Condition::On, _) => Passage::Clear,
            (Condition::Off, _) => Passage::Silent,
            (Condition::Refuse, _) => Passage::Refusing,
            (Condition::Degrade(ways), side) => {
                let way = if side == Side::Up { ways.up } else { ways.down };
                way.map_or(Passage::Clear, Passage::Impaired)
            }
        }
    }
}

/// What a condition means for one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::kinds::link) enum Passage {
    Clear,
    Silent,
    Refusing,
    Impaired(Impairment),
}
