//! What a link is declared with, told and asked.

use crate::lang::declare::{act, flag, keyword, positional, series, state};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Kind, Parameter, Reading, Rule, Support, Verb};
use crate::lang::types::Shape::{Counter, Distribution, Gauge};

/// A path that data take, with soak in the middle of it.
pub static KIND: Kind = Kind {
    name: "link",
    about: "A path between what talks and what listens, which can be cut off, slowed and disturbed.",
    settings: SETTINGS,
    one_of: &[&["listen", "between", "interface"]],
    verbs: VERBS,
    readings: READINGS,
    example: EXAMPLE,
    built_in: false,
    rules: &[
        Rule::Needs { name: "listen", other: "to" },
        Rule::Needs { name: "to", other: "listen" },
        Rule::Needs { name: "udp", other: "listen" },
        Rule::Needs { name: "http", other: "listen" },
        Rule::AtMostOne(&["udp", "http"]),
    ],
    support: Support::Ready,
};

const SETTINGS: &[Parameter] = &[
    keyword("listen", &[Accepts::Address { port: true }], "Where a proxy accepts connections."),
    keyword("to", &[Accepts::Address { port: true }], "Where the proxy passes them on to."),
    flag(
        "udp",
        "The proxy carries UDP instead of TCP, from a socket of its own for each of at most 8,192 clients, which is closed after 60 s of silence.",
    ),
    flag(
        "http",
        "The proxy understands HTTP/1.1 and can disturb single requests and answers; anything else passes untouched.",
    ),
    keyword(
        "between",
        &[Accepts::Target(&["host"]), Accepts::Target(&["host"])],
        "The two hosts, with a comma between them, that a virtual network of soak's own joins.",
    ),
    keyword(
        "interface",
        &[Accepts::Text],
        "A real network interface, which needs a permit; SSH sessions over it are left alone unless `permit fault on ssh` stands in the file.",
    ),
];

/// `on`, `off` and `degrade` are one property: the newest replaces the others whole.
const PATH: &str = "path";

const VERBS: &[Verb] = &[
    state("on", PATH, "A clean link, whatever was asked before.", "path on 30s"),
    state(
        "off",
        PATH,
        "Silence: nothing gets through, connections stay open and hear nothing.",
        "path off 10s",
    )
    .takes(&[flag("refuse", "New connections and datagrams are refused and open connections reset, as when nobody listens.")])
    .fault(),
    state(
        "degrade",
        PATH,
        "A bad link; with `up` or `down` in that direction only, otherwise in both.",
        "path degrade latency 500ms jitter 100ms for 30s\npath degrade bandwidth 1Mbit/s up for 30s",
    )
    .takes(DEGRADE)
    .rules(&[
        Rule::AtLeastOne(&["latency", "loss", "duplicate", "corrupt", "reorder", "bandwidth"]),
        Rule::Needs { name: "jitter", other: "latency" },
        Rule::AtMostOne(&["up", "down"]),
    ])
    .fault(),
    act("reset", "Ends every open connection with a reset, at both ends.", "path reset").fault(),
    act("cut", "Ends a share of the open connections, at least one.", "path cut 30%")
        .takes(&[positional("share", &[Accepts::Share], "How many of them.").required()])
        .fault(),
    state(
        "slice",
        "slice",
        "Passes data on in pieces of at most that size, each in a segment of its own and 0.1 ms behind the one before it.",
        "path slice 10B for 1m",
    )
    .takes(&[positional("size", &[Accepts::Quantity(Dimension::SIZE)], "The largest piece.").required()])
    .fault(),
    state(
        "answer",
        "answer",
        "Answers requests itself, which the server never sees, of a link with `http`.",
        "path answer 503 to 10% for 1m",
    )
    .takes(&[
        positional("status", &[Accepts::Count], "The status of the answer, from 200 to 599.").required(),
        keyword(
            "to",
            &[Accepts::Share],
            "To how many of the requests, drawn at random for each; to all where it is not given.",
        ),
    ])
    .fault(),
    state(
        "delay",
        "delay",
        "Holds requests of one route back, and what comes behind them on their connections, of a link with `http`.",
        "path delay \"/jobs\" 2s for 1m",
    )
    .takes(&[
        positional("route", &[Accepts::Text], "How the paths of the requests begin.").required(),
        positional("time", &[Accepts::Quantity(Dimension::TIME)], "How long they are held back.").required(),
    ])
    .fault(),
    state(
        "tear",
        "tear",
        "Ends answers and their connections in the middle of the body, of a link with `http`.",
        "path tear 5% for 1m",
    )
    .takes(&[positional("share", &[Accepts::Share], "How many of them, drawn at random for each.").required()])
    .fault(),
];

const DEGRADE: &[Parameter] = &[
    keyword(
        "latency",
        &[Accepts::Quantity(Dimension::TIME)],
        "How long all data are held back, in each direction that is degraded.",
    ),
    keyword(
        "jitter",
        &[Accepts::Quantity(Dimension::TIME)],
        "How far the latency strays to either side, drawn anew again and again, never out of order.",
    ),
    keyword("loss", &[Accepts::Share], "How many packets are lost, on a link that carries packets, as one between hosts, an interface or one with `udp` does.").more(&[
        keyword(
            "burst",
            &[Accepts::Count],
            "How many are lost in a row on average; without it each is lost independently of the others.",
        ),
    ]),
    keyword("duplicate", &[Accepts::Share], "How many packets come twice."),
    keyword("corrupt", &[Accepts::Share], "How many packets have a bit turned, behind their IP header, or in their data with `udp`."),
    keyword(
        "reorder",
        &[Accepts::Half],
        "How many packets are overtaken by the one behind them; never two in a row, so at most half of all.",
    ),
    keyword(
        "bandwidth",
        &[Accepts::Quantity(Dimension::BYTE_RATE)],
        "How much gets through, per time, in each direction that is degraded.",
    )
    .more(&[keyword(
        "queue",
        &[Accepts::Quantity(Dimension::SIZE)],
        "How much may wait for it on a link that carries packets, beyond which they are lost; without it, what passes in 200 ms.",
    )]),
    flag("up", "Only on the way from the one that connects to the one that listens, from the first host to the second, or out of the interface."),
    flag("down", "Only on the way back, or into the interface."),
];

const READINGS: &[Reading] = &[
    series(
        "sent",
        Counter,
        Dimension::SIZE,
        "What passed upwards, to the one that listens, to the second host or out of the interface, in bytes.",
    ),
    series("received", Counter, Dimension::SIZE, "What passed back, in bytes."),
    series(
        "connections",
        Gauge,
        Dimension::NONE,
        "How many connections are open, or with `udp` how many clients are known.",
    ),
    series(
        "round_trip",
        Distribution,
        Dimension::TIME,
        "The time that soak's own probes take there and back; of an interface, echoes of the gateway or neighbour that it leads to.",
    ),
    series(
        "dropped",
        Counter,
        Dimension::NONE,
        "How many connections, or packets where it carries packets, its faults refused, ended or swallowed.",
    ),
];

const EXAMPLE: &str = r#"link path {
  listen "127.0.0.1:6432"
  to     "127.0.0.1:5432"
}
path degrade latency 500ms jitter 100ms bandwidth 1Mbit/s for 30s
expect "Slow": p50(path.round_trip) > 400ms
repeat 10 < path off 2s..3s; path on 2s..3s >
path off refuse for 5s
path slice 10B for 5s
path cut 30%
path reset
link api { listen "127.0.0.1:8443"; to "127.0.0.1:8080"; http }
api answer 503 to 10% for 30s
api delay "/jobs" 2s for 30s
api tear 5% for 30s
link names { listen "127.0.0.1:5353"; to "127.0.0.1:53"; udp }
names degrade loss 5% burst 3 duplicate 1% for 30s
expect "Reconnects": path.connections > 0 within 30s
"#;
