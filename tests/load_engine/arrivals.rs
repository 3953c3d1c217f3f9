//! When arrivals of an open load are due, and that they are sent then.

use crate::load_support::server::{Server, answer};
use crate::load_support::{Run, open, order, percentile};
use crate::{SECOND, numbered, remembering, test};
use num_rational::Ratio;
use soak::lang::profile::Profile;
use soak::load::order::Plan;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

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
