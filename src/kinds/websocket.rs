//! WebSockets: connections that are opened, talked over and held.

use crate::lang::declare::{keyword, request, series};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, Kind, Support};
use crate::lang::types::Shape::Gauge;

/// A service that speaks WebSocket.
pub static KIND: Kind = Kind {
    name: "websocket",
    about: "A service that speaks WebSocket.",
    settings: &[
        keyword("url", &[Accepts::Url(&["ws", "wss"])], "Where it is.").required().not_yet(),
        keyword("header", &[Accepts::Text, Accepts::Text], "A header of the opening request.")
            .repeated()
            .not_yet(),
    ],
    one_of: &[],
    verbs: &[request(
        "connect",
        "Opens a connection, talks over it as the body says, and closes it.",
        "events connect { hold 10s }",
    )
    .body(Body::Conversation)
    .not_yet()],
    readings: &[series("open", Gauge, Dimension::NONE, "How many connections soak has open.").not_yet()],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::NotYet,
};

const EXAMPLE: &str = r#"websocket events { url "ws://127.0.0.1:8080/events" }
action watch {
  events connect { hold 10s }
}
load watch with 100 users for 1m
expect "All connected": max(events.open) >= 100
"#;
