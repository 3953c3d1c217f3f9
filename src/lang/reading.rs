//! What can be read of an action or a mix, and of a ledger: these belong to no kind.

use super::declare::{reading, series};
use super::quantity::Dimension;
use super::signature::{Reading, ReadingResult};
use super::types::Shape::{Counter, Distribution, Gauge};

/// The readings of an action or a mix. Every capture of an action is one too: a distribution with a value for each
/// iteration that captured it.
///
/// An iteration has *ended* when it came to its last step or failed before; what was skipped, cut or dropped has
/// not, and is counted apart. `success` and `errors` are whole counts over the window, divided once; for a mix the
/// counts of its actions are added up first.
pub const ACTION_READINGS: &[Reading] = &[
    series(
        "latency",
        Distribution,
        Dimension::TIME,
        "The time from the moment the arrival was due to the end of the iteration.",
    ),
    series(
        "service_time",
        Distribution,
        Dimension::TIME,
        "The time from the moment the iteration was begun to its end.",
    ),
    reading("rate", ReadingResult::PerTime { counter: "count" }, "The iterations that ended, per time."),
    series("count", Counter, Dimension::NONE, "How many iterations ended, well or not."),
    reading(
        "success",
        ReadingResult::Ratio { part: "failed", whole: "count", rest: true },
        "The share of the iterations that ended in the window which ended well.",
    ),
    reading(
        "errors",
        ReadingResult::Ratio { part: "failed", whole: "count", rest: false },
        "The share of the iterations that ended in the window which failed.",
    ),
    series("failed", Counter, Dimension::NONE, "How many iterations failed."),
    series(
        "dropped",
        Counter,
        Dimension::NONE,
        "How many iterations were due but never begun: soak fell behind, or the limit of users held them.",
    ),
    series(
        "skipped",
        Counter,
        Dimension::NONE,
        "How many iterations found a pool empty, neither success nor error.",
    ),
    series(
        "cut",
        Counter,
        Dimension::NONE,
        "How many iterations were still in flight when their grace ran out, neither success nor error.",
    ),
    series(
        "lateness",
        Distribution,
        Dimension::TIME,
        "How much later than due soak itself began the iterations.",
    ),
    series("bytes", Counter, Dimension::SIZE, "The size of all bodies sent and received."),
    series("seq", Distribution, Dimension::NONE, "The numbers of the iterations, from 1 for the whole run."),
];

/// The readings of a ledger.
pub const LEDGER_READINGS: &[Reading] = &[
    series("sent", Counter, Dimension::NONE, "How many items were sent, each once its step had succeeded."),
    series("received", Counter, Dimension::NONE, "How many of the items sent came in for the first time."),
    series(
        "lost",
        Gauge,
        Dimension::NONE,
        "How many items sent in the window have not come in so far; no value until something was sent.",
    ),
    series("duplicated", Counter, Dimension::NONE, "How many items came in again."),
    series("unexpected", Counter, Dimension::NONE, "How many items came in that were never sent."),
    series("altered", Counter, Dimension::NONE, "How many items came in with another value than was sent."),
    series(
        "delay",
        Distribution,
        Dimension::TIME,
        "The time from the sending of an item to its first receipt.",
    ),
];

/// The reading of an action or a mix, by its name.
pub fn find_action_reading(name: &str) -> Option<&'static Reading> {
    ACTION_READINGS.iter().find(|reading| reading.name == name)
}

/// The reading of a ledger, by its name.
pub fn find_ledger_reading(name: &str) -> Option<&'static Reading> {
    LEDGER_READINGS.iter().find(|reading| reading.name == name)
}
