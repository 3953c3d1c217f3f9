//! Loads against a real server: how many arrive, when, and what is counted.

#![cfg(target_os = "linux")]

mod load_support;

use load_support::server::{Asked, Server, answer, raw, read_head};
use load_support::{
    Builder, Run, binary, constant, field, list, number, open, order, percentile, pool, seq, text, texts,
    word,
};
use num_rational::Ratio;
use soak::check::scenario::{IterationStep, LedgerKey, LoadSubject, Origin, Series};
use soak::lang::expr::{ActionId, Expr, ExprKind, IterationWord};
use soak::lang::function::Maker;
use soak::lang::operator::BinaryOperator;
use soak::lang::profile::Profile;
use soak::lang::quantity::{Dimension, Quantity};
use soak::lang::types::Shape;
use soak::lang::value::Value;
use soak::load::order::Plan;
use soak::source::Span;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

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

#[test]
fn an_open_load_sends_exactly_what_is_due_in_its_time() {
    test(async {
        let (server, asked) = remembering();
        let (builder, action) = numbered(&server.base());
        let mut run = Run::start(builder, 1);
        let order = order(&run, action, open(333, None), None, Some(SECOND));
        let (start, end) = (order.start, order.start.after(SECOND));
        run.load(order).await;
        let seen = run.seen.of(action);
        assert_eq!((seen.started, seen.succeeded, seen.dropped, seen.cut), (333, 333, 0, 0));
        assert_eq!(seen.seq, 333);
        let lines: BTreeSet<String> = asked.lock().unwrap().iter().cloned().collect();
        assert_eq!(lines, (1..=333).map(|number| format!("GET /{number} ")).collect());
        let due = |(ended, latency): &(soak::lang::moment::Moment, u64)| {
            ended.before(Duration::from_nanos(*latency))
        };
        for (k, sample) in seen.latencies.iter().map(due).collect::<BTreeSet<_>>().iter().enumerate() {
            let expected = start.after(Duration::from_nanos(k as u64 * 1_000_000_000 / 333));
            assert!(*sample < end && sample.since(expected) <= Duration::from_micros(1), "arrival {k}");
        }
        // The last arrival is due before the end, and yet the rate is over the whole second.
        let summary = run.summary("ask").await;
        assert!((summary.rate - 333.0).abs() < 1e-6, "{}", summary.rate);
    });
}

#[test]
fn a_stalled_server_shows_in_full_from_the_moment_each_arrival_was_due() {
    test(async {
        let stalled = Mutex::new(false);
        let began = Instant::now();
        let server = Server::start(move |_| {
            let mut stalled = stalled.lock().unwrap();
            if !*stalled && began.elapsed() > SECOND {
                *stalled = true;
                // There is one thread: nothing is accepted, read or answered meanwhile.
                thread::sleep(SECOND);
            }
            answer(200, "ok")
        });
        let (builder, action) = numbered(&server.base());
        let mut run = Run::start(builder, 1);
        let order = order(&run, action, open(1000, None), None, Some(4 * SECOND));
        run.load(order).await;
        let seen = run.seen.of(action);
        assert_eq!((seen.succeeded, seen.dropped, seen.failed, seen.cut), (4000, 0, 0, 0));
        // A quarter of the arrivals waited from 0 to 1 s, so a hundredth of all waited 0.96 s or more.
        let (p99, max) = (percentile(&seen.latencies, 0.99), percentile(&seen.latencies, 1.0));
        assert!(p99 > Duration::from_millis(900) && p99 < Duration::from_millis(1500), "p99 {p99:?}");
        assert!(max > Duration::from_millis(980) && max < Duration::from_millis(2000), "max {max:?}");
        assert!(percentile(&seen.latencies, 0.5) < Duration::from_millis(500));
    });
}

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
fn a_ramp_sends_the_integral_and_follows_it() {
    test(async {
        let (server, _) = remembering();
        let (builder, action) = numbered(&server.base());
        let mut run = Run::start(builder, 1);
        let whole = Ratio::from_integer;
        let profile = Profile::ramp(whole(0), whole(200), whole(2));
        let plan = Plan::Rate { profile, poisson: false, max_users: None };
        let order = order(&run, action, plan, None, Some(2 * SECOND));
        let half = order.start.after(SECOND);
        run.load(order).await;
        let seen = run.seen.of(action);
        assert_eq!((seen.succeeded, seen.dropped), (200, 0));
        let due = |(ended, latency): &(soak::lang::moment::Moment, u64)| {
            ended.before(Duration::from_nanos(*latency))
        };
        assert_eq!(seen.latencies.iter().filter(|sample| due(sample) < half).count(), 50);
    });
}

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

#[test]
fn the_same_seed_gives_the_same_requests() {
    let requests = |seed: u64, plan: Plan| {
        let (server, asked) = remembering();
        test(async {
            let mut builder = Builder::default();
            let target = builder.http(&server.base(), 30 * SECOND);
            let mut actions = Vec::new();
            for (name, share) in [("one", 0.3), ("two", 0.7)] {
                let mut body = number(0);
                body.kind = ExprKind::Object(vec![("id".into(), uuid()), ("n".into(), drawn(1, 1_000_000))]);
                let path = texts(&format!("/{name}/{{}}"), vec![seq()]);
                let step = builder.tell(target, "post", path, vec![("json", body)], vec![]);
                actions.push((share, builder.action(name, &[], vec![step])));
            }
            let mix = builder.mix(actions);
            let mut run = Run::start(builder, seed);
            let order = order(&run, mix, plan, Some(200), None);
            run.load(order).await;
        });
        let mut asked = asked.lock().unwrap().clone();
        asked.sort();
        asked
    };
    for plan in [open(2000, None), Plan::Sequential] {
        let first = requests(1, plan.clone());
        assert_eq!(first.len(), 200);
        let ones = first.iter().filter(|line| line.contains("/one/")).count();
        assert!((30..90).contains(&ones), "{ones}");
        assert_eq!(first, requests(1, plan.clone()));
        assert_ne!(first, requests(2, plan));
    }
}

#[test]
fn a_pool_gives_out_what_was_captured_and_an_empty_one_skips() {
    test(async {
        let (server, asked) = remembering();
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let keep = builder.capture(0, texts("id-{}", vec![seq()]));
        let make = builder.tell(target, "post", text("/make"), vec![], vec![keep]);
        let maker = builder.action("make", &["id"], vec![make]);
        let path = texts("/use/{}", vec![pool(maker, true)]);
        let step = builder.tell(target, "get", path, vec![], vec![]);
        let taker = builder.action("use", &[], vec![step]);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, maker, Plan::Sequential, Some(20), None)).await;
        run.load(order(&run, taker, Plan::Sequential, Some(30), None)).await;
        let seen = run.seen.of(taker);
        assert_eq!((seen.succeeded, seen.skipped, seen.failed), (20, 10, 0));
        let used: BTreeSet<String> =
            asked.lock().unwrap().iter().filter(|line| line.contains("/use/")).cloned().collect();
        assert_eq!(used, (1..=20).map(|number| format!("GET /use/id-{number} ")).collect());
        assert!(run.seen.captures.is_empty(), "nothing measures them");
    });
}

#[test]
fn a_failed_check_is_an_error_by_name_and_parts_of_answers_are_captured() {
    test(async {
        let server = Server::start(|request| match request.line.as_str() {
            "GET /bad" => answer(500, "not JSON"),
            _ => answer(200, "{\"id\": 7, \"none\": null, \"part\": {\"name\": \"seven\"}}"),
        });
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let body = || word(IterationWord::Body);
        let good = builder.tell(
            target,
            "get",
            text("/good"),
            vec![],
            vec![
                builder.capture(0, field(body(), "id")),
                builder.capture(1, field(field(body(), "part"), "name")),
                builder.capture(2, field(body(), "missing")),
                builder.capture(2, field(body(), "none")),
                builder.capture(3, field(word(IterationWord::Headers), "content-length")),
            ],
        );
        let names = ["id", "name", "missing", "length"];
        let action = builder.action("good", &names, vec![good]);
        (0..names.len()).for_each(|capture| measured(&mut builder, action, capture));
        let fine =
            binary(BinaryOperator::In, word(IterationWord::Status), list(vec![number(200), number(204)]));
        let check = builder.check("check status in [200,\n    204]", fine);
        let steps: Vec<IterationStep> = vec![builder.tell(target, "get", text("/bad"), vec![], vec![check])];
        let bad = builder.action("bad", &[], steps);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Sequential, Some(1), None)).await;
        run.load(order(&run, bad, Plan::Sequential, Some(3), None)).await;
        let captured: Vec<(usize, String)> =
            run.seen.captures.iter().map(|(_, capture, _, value)| (*capture, value.to_string())).collect();
        assert_eq!(captured, [(0, "7".into()), (1, "seven".into()), (3, "50".into())]);
        assert_eq!(run.seen.of(bad).failed, 3);
        assert_eq!(run.causes("bad").await, [("check status in [200, 204] (answered 500)".to_string(), 3)]);
    });
}

#[test]
fn a_ledger_has_what_was_sent_by_a_step_that_succeeded() {
    test(async {
        let home = tempfile::tempdir().unwrap();
        let server = Server::start(|request| match request.line.as_str() {
            "POST /3" => answer(500, ""),
            _ => answer(200, "{\"id\": 7}"),
        });
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let disk = builder.disk(home.path().to_str().unwrap());
        // Captured in front of the request that sends it: sent once that has succeeded.
        let price = builder.capture(0, texts("{}.50", vec![seq()]));
        let fine = binary(BinaryOperator::Equal, word(IterationWord::Status), number(200));
        let check = builder.check("check status == 200", fine);
        let post = builder.tell(target, "post", texts("/{}", vec![seq()]), vec![], vec![check]);
        let buy = builder.action("buy", &["price"], vec![price, post]);
        builder.ledger(buy, LedgerKey::Seq, Some(LedgerKey::Capture(0)));
        // Captured behind the write, out of braces.
        let write =
            builder.tell(disk, "write", texts("a/{}.log", vec![seq()]), vec![("text", text("x"))], vec![]);
        let path = builder.capture(0, word(IterationWord::Path));
        let produce = builder.action("produce", &["name"], vec![write, path]);
        builder.ledger(produce, LedgerKey::Capture(0), None);
        let mut run = Run::start(builder, 1);
        for action in [buy, produce] {
            run.load(order(&run, action, Plan::Sequential, Some(4), None)).await;
        }
        let sent: Vec<(u32, &str, Option<&str>)> = run
            .seen
            .sent
            .iter()
            .map(|item| (item.ledger.0, item.key.as_str(), item.value.as_deref()))
            .collect();
        assert_eq!(sent[..3], [(0, "1", Some("1.50")), (0, "2", Some("2.50")), (0, "4", Some("4.50"))]);
        assert_eq!(
            sent[3..],
            [(1, "a/1.log", None), (1, "a/2.log", None), (1, "a/3.log", None), (1, "a/4.log", None)]
        );
        assert_eq!(std::fs::read_to_string(home.path().join("a/4.log")).unwrap(), "x");
    });
}

#[test]
fn an_earlier_answer_is_not_taken_for_one_that_did_not_come() {
    test(async {
        let (server, _) = remembering();
        let mut builder = Builder::default();
        let good = builder.http(&server.base(), 30 * SECOND);
        let gone = builder.http("http://127.0.0.1:1", 30 * SECOND);
        let first = builder.get(good, "/");
        let second = builder.tell(gone, "get", text("/"), vec![], vec![]);
        let keep = builder.capture(0, field(word(IterationWord::Body), "id"));
        let action = builder.action("both", &["id"], vec![first, second, keep]);
        measured(&mut builder, action, 0);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Sequential, Some(2), None)).await;
        assert!(run.seen.captures.is_empty());
        assert_eq!(run.causes("both").await, [("connection refused".to_string(), 2)]);
    });
}

#[test]
fn a_poisson_load_has_about_its_rate() {
    test(async {
        let (server, _) = remembering();
        let (builder, action) = numbered(&server.base());
        let mut run = Run::start(builder, 1);
        let profile = Profile::constant(Ratio::from_integer(400));
        let plan = Plan::Rate { profile, poisson: true, max_users: None };
        run.load(order(&run, action, plan, None, Some(SECOND))).await;
        let seen = run.seen.of(action);
        // Five standard deviations.
        assert!((300..=500).contains(&seen.succeeded), "{}", seen.succeeded);
        assert_eq!(seen.started, seen.succeeded);
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
