//! What the machine is told and asked.

use crate::lang::declare::{flag, keyword, series, share, state};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Kind, Reading, Support, Verb};
use crate::lang::types::Shape::{Counter, Gauge};

/// The machine that soak runs on.
pub static KIND: Kind = Kind {
    name: "machine",
    about: "The machine that soak runs on, always there under this name.",
    settings: &[],
    one_of: &[],
    verbs: VERBS,
    readings: READINGS,
    example: EXAMPLE,
    built_in: true,
    rules: &[],
    support: Support::Ready,
};

const VERBS: &[Verb] = &[
    state(
        "burn",
        "cpu",
        "Keeps the processors busy.",
        "permit fault on machine\nmachine burn cpu 80% for 1m",
    )
    .takes(&[keyword("cpu", &[Accepts::Share], "How busy, of all cores together.").required()])
    .fault(),
    state(
        "eat",
        "memory",
        "Holds memory; what the machine itself needs, it leaves or gives back.",
        "permit fault on machine\nmachine eat memory 4GB for 1m",
    )
    .takes(&[keyword("memory", &[Accepts::Quantity(Dimension::SIZE)], "How much.").required()])
    .fault(),
    state(
        "stall",
        "disk",
        "Keeps a disk busy with writes, so that others wait for it.",
        "permit fault on machine\nmachine stall disk for 30s",
    )
    .takes(&[flag("disk", "The disk that the scenario's scratch folder lies on.").required()])
    .fault(),
];

const READINGS: &[Reading] = &[
    share("cpu", "How busy the processors are, of all cores together."),
    share("memory", "How much of the memory is in use, without what can be given back at once."),
    series("load", Gauge, Dimension::NONE, "How many tasks ran or waited, as the mean of the last minute."),
    share("disk", "How much of the disk that a path lies on is used.").of(&[Accepts::Path]),
    series("read", Counter, Dimension::SIZE, "What was read from all disks, in bytes."),
    series("written", Counter, Dimension::SIZE, "What was written to all disks, in bytes."),
    series("sent", Counter, Dimension::SIZE, "What went out on all networks but loopback, in bytes."),
    series("received", Counter, Dimension::SIZE, "What came in on all networks but loopback, in bytes."),
];

const EXAMPLE: &str = r#"permit fault on machine
want    "Headroom":    machine.cpu < 70% always tolerate 30s
require "Not swapping": machine.memory < 95% always tolerate 30s
expect  "Root disk":   machine.disk("/") < 90% at end
wait 1m
machine burn cpu 50% for 30s
machine eat memory 512MB for 30s
machine stall disk for 5s
"#;
