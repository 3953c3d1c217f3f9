//! Latency, jitter and bandwidth.

use std::time::{Duration, Instant};

use soak::kinds::link::proxy::{Condition, Delays, Direction, Impairment};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::support::*;

#[tokio::test]
async fn a_latency_delays_by_as_much_as_asked_and_says_so() {
    let proxy = proxy_to(echo_server().await).await;
    let mut client = connect(&proxy).await;
    ask(&mut client, b"warm").await;
    for (up, down) in [(Some(20), Some(20)), (Some(30), None), (None, Some(30)), (None, None)] {
        proxy.set(Condition::Degrade(Impairment { up: up.map(latency), down: down.map(latency) }));
        for _ in 0..5 {
            let start = Instant::now();
            ask(&mut client, b"question").await;
            let asked = Duration::from_millis(up.unwrap_or(0) + down.unwrap_or(0));
            assert!(start.elapsed() >= asked, "{:?} for {asked:?}", start.elapsed());
            assert!(start.elapsed() < asked + Duration::from_secs(2));
        }
        let chunks = |delays: &Option<Delays>| delays.as_ref().map_or(0, |delays| delays.chunks);
        eventually("the last chunk is counted", || chunks(&proxy.counters().measured.down) == 5).await;
        let measured = proxy.counters().measured;
        for (delays, asked) in [(&measured.up, up), (&measured.down, down)] {
            let delays = delays.as_ref().unwrap();
            let asked = Duration::from_millis(asked.unwrap_or(0));
            assert_eq!(delays.chunks, 5);
            assert!(delays.minimum >= asked && delays.median < asked + Duration::from_secs(1), "{delays:?}");
        }
    }
}

#[tokio::test]
async fn jitter_keeps_the_order_and_stays_in_its_range() {
    let proxy = proxy_to(echo_server().await).await;
    let direction =
        Direction { latency: Duration::from_millis(6), jitter: Duration::from_millis(4), bandwidth: None };
    proxy.set(Condition::Degrade(Impairment { up: Some(direction), down: None }));
    let mut client = connect(&proxy).await;
    for turn in 0..40 {
        ask(&mut client, &pattern(10, turn)).await;
    }
    let delays = proxy.counters().measured.up.unwrap();
    assert!(delays.minimum >= Duration::from_millis(2), "{delays:?}");
    assert!(delays.maximum - delays.minimum > Duration::from_millis(1), "{delays:?}");
    client.set_nodelay(true).unwrap();
    let all = pattern(3000, 5);
    for piece in all.chunks(30) {
        client.write_all(piece).await.unwrap();
    }
    let mut answer = vec![0; all.len()];
    within(client.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, all);
}

#[tokio::test]
async fn latency_is_no_limit_to_what_flows() {
    let proxy = proxy_to(echo_server().await).await;
    proxy.set(Condition::Degrade(Impairment { up: Some(latency(200)), down: None }));
    let client = connect(&proxy).await;
    client.set_nodelay(true).unwrap();
    let (mut reader, mut writer) = client.into_split();
    let start = Instant::now();
    // 100 chunks one after the other; were each held back behind the one before, they would take 20 s.
    let sending = tokio::spawn(async move {
        for turn in 0..100 {
            writer.write_all(&pattern(1000, turn)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        writer
    });
    let mut answer = vec![0; 100_000];
    within(reader.read_exact(&mut answer)).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    for (turn, piece) in answer.chunks(1000).enumerate() {
        assert!(piece == pattern(1000, turn), "chunk {turn}");
    }
    within(sending).await.unwrap();
}

#[tokio::test]
async fn a_new_condition_binds_what_is_already_on_its_way() {
    let proxy = proxy_to(echo_server().await).await;
    let mut client = connect(&proxy).await;
    ask(&mut client, b"warm").await;
    let slow =
        Direction { latency: Duration::from_secs(3600), jitter: Duration::ZERO, bandwidth: Some(10.0) };
    proxy.set(Condition::Degrade(Impairment::both(slow)));
    client.write_all(b"stuck").await.unwrap();
    eventually("the chunk is on its way", || proxy.counters().measured.held > 0).await;
    assert_silent(&mut client).await;
    proxy.set(Condition::On);
    let mut answer = [0; 5];
    within(client.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"stuck");
    eventually("nothing is held", || proxy.counters().measured.held == 0).await;
}

#[tokio::test]
async fn a_probe_takes_the_way_that_traffic_takes() {
    let proxy = proxy_to(echo_server().await).await;
    let patience = Duration::from_millis(200);
    let both = Impairment { up: Some(latency(20)), down: Some(latency(30)) };
    for (condition, at_least) in [
        (Condition::On, Some(0)),
        (Condition::Degrade(both), Some(50)),
        (Condition::Off, None),
        (Condition::Refuse, None),
    ] {
        proxy.set(condition);
        let patience = if at_least.is_some() { PATIENCE } else { patience };
        let seen = proxy.probe(patience).await;
        assert_eq!(seen.is_some(), at_least.is_some(), "{condition:?}");
        assert!(seen >= at_least.map(Duration::from_millis), "{condition:?} {seen:?}");
    }
    let counters = proxy.counters();
    assert_eq!((counters.sent, counters.received, counters.connections), (0, 0, 0));
    assert_eq!((counters.measured.up, counters.measured.held), (None, 0));
}

#[tokio::test]
async fn bandwidth_is_shared_by_all_connections() {
    let proxy = proxy_to(echo_server().await).await;
    let direction = Direction { bandwidth: Some(400_000.0), ..Direction::default() };
    proxy.set(Condition::Degrade(Impairment { up: None, down: Some(direction) }));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for salt in 0..4 {
        let mut client = connect(&proxy).await;
        tasks.spawn(async move { ask(&mut client, &pattern(50_000, salt)).await });
    }
    while let Some(done) = within(tasks.join_next()).await {
        done.unwrap();
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(490) && took < Duration::from_secs(5), "{took:?}");
}
