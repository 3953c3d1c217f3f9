//! What is said between a run and the helper that holds its virtual network: one JSON value a line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::kinds::link::emulator::{Condition, Counters};

/// A virtual network, as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The hosts; elsewhere each is meant by its place here.
    pub hosts: Vec<PlannedHost>,
    /// The links; elsewhere each is meant by its place here.
    pub links: Vec<PlannedLink>,
    /// Where chance begins.
    pub seed: u64,
    /// A folder of the run's own, over which something may be mounted for a moment.
    pub scratch: PathBuf,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedHost {
    /// Its name, which is looked up on all of them.
    pub name: String,
    /// Its address, on all of its links.
    pub address: IpAddr,
}

/// A link between two hosts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedLink {
    /// Its name, which its network cards have too where it is short enough.
    pub name: String,
    /// The hosts it joins.
    pub between: (usize, usize),
}

/// What the helper is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// The first of all. The answer is [`Told::Begun`] or [`Told::Failed`].
    Begin(Plan),
    /// To be answered under the same number.
    Link { id: u64, link: usize, what: LinkOrder },
}

/// What a link is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum LinkOrder {
    Set(Condition),
    Count,
    Probe,
    /// A share of the connections.
    End(f64),
}

/// What the helper tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Told {
    /// The network is there. What it lacks is told in sentences.
    Begun { lacks: Vec<String> },
    /// It could not be made: one sentence.
    Failed(String),
    /// An order was carried out.
    Done { id: u64, outcome: LinkOutcome },
}

/// What came of an order to a link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum LinkOutcome {
    Set,
    Counted(Box<Counters>),
    Probed(Duration),
    /// So many connections.
    Ended(usize),
}
