//! What a WebSocket service is declared with and told.

use crate::kinds::host::signature::ON;
use crate::kinds::tcp::signature::RESOLVE;
use crate::kinds::tls::signature::{self as tls, TLS};
use crate::lang::declare::{given, keyword, request, series};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, GivenResult, Kind, Parameter, Support};
use crate::lang::types::Shape::Gauge;

/// A service that speaks WebSocket.
pub static KIND: Kind = Kind {
    name: "websocket",
    about: "A service that speaks WebSocket; each conversation opens a connection of its own.",
    settings: &[
        keyword("url", &[Accepts::Url(&["ws", "wss"])], "Where it is.").required(),
        HEADER,
        keyword(
            "greeting",
            &[Accepts::Text],
            "A text that is sent first over every connection, as `'{\"subscribe\": \"orders\"}'`.",
        ),
        keyword(
            "timeout",
            &[Accepts::Quantity(Dimension::TIME)],
            "How long opening may take, and each message that is sent or waited for.",
        )
        .default("30s"),
        RESOLVE,
        ON,
        TLS,
    ],
    one_of: &[],
    verbs: &[request(
        "connect",
        "Opens a connection, talks over it as the body says, and closes it.",
        "events connect { hold 10s }",
    )
    .takes(&[HEADER])
    .body(Body::Conversation)
    .gives(&[given("body", GivenResult::Json, "The message that was received last.")])],
    readings: &[series("open", Gauge, Dimension::NONE, "How many connections soak has open.")],
    example: EXAMPLE,
    built_in: false,
    rules: tls::RULES,
    support: Support::Ready,
};

const HEADER: Parameter = keyword(
    "header",
    &[Accepts::Text, Accepts::Text],
    "A header of the opening request: its name and its value.",
)
.repeated();

const EXAMPLE: &str = r#"websocket events { url "ws://127.0.0.1:8080/events" }
action watch {
  events connect {
    send json { subscribe: "orders", user: user }
    receive 'subscribed'
    capture session = body.session
    hold 10s
  }
}
load watch with 100 users for 1m
expect "All connected": max(events.open) >= 100
"#;
