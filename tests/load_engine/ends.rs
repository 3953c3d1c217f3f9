//! The end of a load, and what is over its limits.

use crate::load_support::server::{raw, read_head};
use crate::load_support::{Builder, Run, constant, open, order};
use crate::{SECOND, numbered, remembering, test};
use soak::check::scenario::LoadSubject;
use soak::lang::quantity::Quantity;
use soak::lang::value::Value;
use soak::load::order::Plan;
use std::io::Write;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// Answers each request after a time; never where there is none.
fn slow(after: Option<Duration>) -> SocketAddr {
    raw(move |mut stream, _| {
        while read_head(&mut stream) {
            let Some(after) = after else { continue };
            thread::sleep(after);
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    })
}

#[test]
fn what_is_in_flight_at_the_end_has_five_seconds_and_is_cut_then() {
    test(async {
        let mut builder = Builder::default();
        let mut actions = Vec::new();
        for address in [slow(Some(2 * SECOND)), slow(None)] {
            let target = builder.http(&format!("http://{address}"), 30 * SECOND);
            let step = builder.get(target, "/");
            actions.push(builder.action("ask", &[], vec![step]));
        }
        let mut run = Run::start(builder, 1);
        let begun = run.now();
        for action in &actions {
            run.engine.begin(order(&run, *action, open(10, None), None, Some(SECOND)));
        }
        let (late, never) = (run.ended(1).await, run.ended(2).await);
        let (late_seen, never_seen) = (run.seen.of(actions[0]), run.seen.of(actions[1]));
        assert_eq!((late_seen.succeeded, late_seen.cut), (10, 0));
        assert!(late.since(begun) < 4 * SECOND, "{late:?}");
        assert_eq!((never_seen.started, never_seen.cut), (10, 10));
        assert_eq!((never_seen.succeeded, never_seen.failed, never_seen.dropped), (0, 0, 0));
        let took = never.since(begun);
        assert!(took >= 6 * SECOND && took < 8 * SECOND, "{took:?}");
    });
}

#[test]
fn what_is_due_beyond_the_user_limit_is_dropped_and_counted() {
    test(async {
        let (mut builder, action) = numbered(&format!("http://{}", slow(Some(3 * SECOND))));
        let mix = builder.mix(vec![(1.0, action)]);
        let mut run = Run::start(builder, 1);
        let order = order(&run, mix, open(20, Some(5)), None, Some(SECOND));
        run.load(order).await;
        let seen = run.seen.of(action);
        assert_eq!((seen.started, seen.succeeded, seen.dropped), (5, 5, 15));
        assert_eq!(run.seen.activity[&LoadSubject::Mix(mix)].dropped, 15);
    });
}

#[test]
fn a_load_can_be_ended_before_its_time() {
    test(async {
        let (server, _) = remembering();
        let (builder, action) = numbered(&server.base());
        let mut run = Run::start(builder, 1);
        let (open, users) = (
            order(&run, action, open(100, None), None, None),
            order(&run, action, Plan::Users { from: 2, to: 2 }, None, None),
        );
        let end = run.now().after(Duration::from_millis(500));
        for order in [open, users] {
            let id = order.id;
            run.engine.begin(order);
            run.engine.end(id, end);
        }
        for id in [1, 2] {
            let at = run.ended(id).await;
            assert!(at >= end && at.since(end) < SECOND, "{at:?}");
        }
        assert!(run.seen.of(action).started >= 50);
    });
}

#[test]
fn an_action_that_waits_for_nothing_stops_no_other_and_ends_on_time() {
    test(async {
        let (server, _) = remembering();
        let (mut builder, asking) = numbered(&server.base());
        let keep = builder.capture(0, constant(Value::Quantity(Quantity::number(1))));
        let busy = builder.action("busy", &["one"], vec![keep]);
        let mut run = Run::start(builder, 1);
        let first = order(&run, busy, Plan::Users { from: 2, to: 2 }, None, Some(SECOND));
        let end = first.start.after(SECOND);
        run.engine.begin(first);
        let order = order(&run, asking, open(50, None), None, Some(SECOND));
        let (one, two) = (run.load(order).await, run.ended(1).await);
        assert!(one.since(end) < SECOND && two.since(end) < SECOND);
        assert_eq!(run.seen.of(asking).succeeded, 50);
        assert!(run.seen.of(busy).succeeded > 100);
    });
}
