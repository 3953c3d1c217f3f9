//! Loads against a real server: how many arrive, when, and what is counted.

#![cfg(target_os = "linux")]

mod arrivals;
mod ends;
mod iterations;
#[path = "../load_support/mod.rs"]
mod load_support;
mod users;

use load_support::server::{Asked, Server, answer};
use load_support::{Builder, number, seq, texts};
use soak::check::scenario::{Origin, Series};
use soak::lang::expr::{ActionId, Expr, ExprKind};
use soak::lang::function::Maker;
use soak::lang::quantity::Dimension;
use soak::lang::types::Shape;
use soak::source::Span;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn test(run: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run);
}

/// A server that remembers the first line and the body of every request, in the order they came.
fn remembering() -> (Server, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&asked);
    let server = Server::start(move |request: Asked| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        list.lock().unwrap().push(format!("{} {body}", request.line));
        answer(200, "{\"id\": 7, \"part\": {\"name\": \"seven\"}}")
    });
    (server, asked)
}

/// `get "/{seq}"` of a server, as an action.
fn numbered(base: &str) -> (Builder, ActionId) {
    let mut builder = Builder::default();
    let target = builder.http(base, 30 * SECOND);
    let step = builder.tell(target, "get", texts("/{}", vec![seq()]), vec![], vec![]);
    let action = builder.action("ask", &[], vec![step]);
    (builder, action)
}

fn drawn(low: i128, high: i128) -> Expr {
    let mut expr = number(0);
    expr.kind = ExprKind::Range(Box::new(number(low)), Box::new(number(high)));
    expr
}

fn uuid() -> Expr {
    let mut expr = number(0);
    expr.kind = ExprKind::Make(Maker::Uuid, Vec::new());
    expr
}

/// A series of a capture, so that captures are told.
fn measured(builder: &mut Builder, action: ActionId, capture: usize) {
    builder.scenario.series.push(Series {
        name: "capture".into(),
        origin: Origin::Capture { action, capture },
        shape: Shape::Gauge,
        dimension: Dimension::NONE,
        percent: false,
        every: SECOND,
        span: Span::default(),
    });
}
