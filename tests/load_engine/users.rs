//! Users: together, one after the other, and along a ramp.

use crate::load_support::server::{Asked, Server, answer};
use crate::load_support::{Builder, Run, order, percentile, texts, word};
use crate::{SECOND, numbered, remembering, test};
use soak::lang::expr::IterationWord;
use soak::load::order::Plan;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn users_at_once_are_let_go_together_over_connections_that_were_open() {
    test(async {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&asked);
        let server = Server::start(move |request: Asked| {
            list.lock().unwrap().push((request.line, request.connection, Instant::now()));
            answer(200, "ok")
        });
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let path = texts("/bot-{}", vec![word(IterationWord::User)]);
        let step = builder.tell(target, "get", path, vec![], vec![]);
        let action = builder.action("claim", &[], vec![step]);
        let mut run = Run::start(builder, 1);
        let order = order(&run, action, Plan::AtOnce { users: 50 }, None, None);
        run.load(order).await;
        let asked = asked.lock().unwrap();
        let lines: BTreeSet<&str> = asked.iter().map(|(line, ..)| line.as_str()).collect();
        assert_eq!((asked.len(), lines.len()), (50, 50));
        let connections: BTreeSet<u64> = asked.iter().map(|(_, connection, _)| *connection).collect();
        assert_eq!(connections.len(), 50);
        assert_eq!(server.connections(), 50);
        let spread = asked[49].2 - asked[0].2;
        assert!(spread < Duration::from_millis(200), "{spread:?}");
        assert!(percentile(&run.seen.of(action).lateness, 1.0) < Duration::from_millis(200));
    });
}

#[test]
fn users_share_what_is_to_be_done_and_keep_their_connections() {
    test(async {
        let (server, asked) = remembering();
        let (builder, action) = numbered(&server.base());
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Users { from: 5, to: 5 }, Some(100), None)).await;
        assert_eq!(run.seen.of(action).succeeded, 100);
        assert_eq!(asked.lock().unwrap().len(), 100);
        assert!(server.connections() <= 5, "{}", server.connections());
        // The numbers go on for the whole run.
        run.load(order(&run, action, Plan::Sequential, Some(10), None)).await;
        let lines = asked.lock().unwrap();
        let last: Vec<String> = (101..=110).map(|number| format!("GET /{number} ")).collect();
        assert_eq!(lines[100..], last);
        assert!(server.connections() <= 5, "{}", server.connections());
    });
}

#[test]
fn users_come_and_go_along_a_ramp_and_their_thoughts_are_no_latency() {
    test(async {
        let (server, asked) = remembering();
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let path = texts("/{}", vec![word(IterationWord::User)]);
        let step = builder.tell(target, "get", path, vec![], vec![]);
        let pause = Duration::from_millis(50);
        let think = builder.think(pause, pause);
        let last = builder.think(pause, pause);
        let again = builder.get(target, "/again");
        let action = builder.action("visit", &[], vec![step, think, again, last]);
        let mut run = Run::start(builder, 1);
        let plan = Plan::Users { from: 0, to: 10 };
        let order = order(&run, action, plan, None, Some(2 * SECOND));
        let end = order.start.after(2 * SECOND);
        let at = run.load(order).await;
        let users: BTreeSet<String> = asked.lock().unwrap().iter().cloned().collect();
        assert_eq!(users.len(), 11, "{users:?}");
        let seen = run.seen.of(action);
        assert_eq!((seen.failed, seen.cut), (0, 0));
        // On average five users, ten iterations a second each.
        assert!((40..=110).contains(&seen.succeeded), "{}", seen.succeeded);
        assert!(percentile(&seen.latencies, 0.5) < pause, "{:?}", percentile(&seen.latencies, 0.5));
        // Whoever only thinks at the end goes home at once.
        assert!(at.since(end) < SECOND);
    });
}
