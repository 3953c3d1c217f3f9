//! The proxy behind links, over real sockets: each condition does what it says and loses nothing.
#![cfg(target_os = "linux")]

mod degrade;
mod http;
mod slice;
mod support;

use std::io::ErrorKind;
use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use soak::kinds::link::proxy::{Condition, Direction, Impairment};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use support::*;

#[tokio::test]
async fn a_link_that_is_on_carries_everything_and_counts_it() {
    let server = echo_server().await;
    for (listen, to) in [
        ("127.0.0.1:0", server.to_string()),
        ("[::1]:0", server.to_string()),
        ("localhost:0", format!("localhost:{}", server.port())),
    ] {
        let proxy = proxy_at(listen, to).await.unwrap();
        let mut client = connect(&proxy).await;
        ask(&mut client, b"hello").await;
        ask(&mut client, &pattern(100_000, 1)).await;
        // The client may have the last bytes before the proxy has counted them.
        eventually("all is counted", || proxy.counters().received == 100_005).await;
        let counters = proxy.counters();
        assert_eq!((counters.sent, counters.open, counters.connections), (100_005, 1, 1), "{listen}");
        assert!(counters.measured.round_trip().unwrap() < PATIENCE);
        drop(client);
        eventually("the connection is gone", || proxy.counters().open == 0).await;
    }
}

#[tokio::test]
async fn each_side_can_close_alone() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    for condition in [Condition::On, Condition::Degrade(Impairment::both(latency(5)))] {
        proxy.set(condition);
        let (mut client, mut served) = pair(&proxy, &server).await;
        client.write_all(b"last words").await.unwrap();
        client.shutdown().await.unwrap();
        let mut heard = String::new();
        within(served.read_to_string(&mut heard)).await.unwrap();
        assert_eq!(heard, "last words");
        served.write_all(b"answer").await.unwrap();
        drop(served);
        let mut answer = String::new();
        within(client.read_to_string(&mut answer)).await.unwrap();
        assert_eq!(answer, "answer");
    }
}

#[tokio::test]
async fn off_is_silence_and_nothing_is_lost() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    let (mut client, mut served) = pair(&proxy, &server).await;
    let sent = pattern(1 << 20, 3);
    client.write_all(&sent[..1000]).await.unwrap();
    let mut heard = vec![0; 1000];
    within(served.read_exact(&mut heard)).await.unwrap();

    proxy.set(Condition::Off);
    let rest = sent[1000..].to_vec();
    let writer = tokio::spawn(async move {
        client.write_all(&rest).await.unwrap();
        client.shutdown().await.unwrap();
        client
    });
    served.write_all(b"unheard").await.unwrap();
    assert_silent(&mut served).await;

    proxy.set(Condition::On);
    within(served.read_to_end(&mut heard)).await.unwrap();
    assert!(heard == sent, "the bytes differ");
    let mut client = within(writer).await.unwrap();
    drop(served);
    let mut answer = String::new();
    within(client.read_to_string(&mut answer)).await.unwrap();
    assert_eq!(answer, "unheard");
}

#[tokio::test]
async fn a_new_connection_waits_for_the_link_to_be_on() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    proxy.set(Condition::Off);
    proxy.settled().await;
    let mut client = connect(&proxy).await;
    client.write_all(b"anyone there?").await.unwrap();
    client.shutdown().await.unwrap();
    assert!(timeout(SILENCE, server.accept()).await.is_err());
    assert_eq!(proxy.counters().open, 1);
    proxy.set(Condition::On);
    let mut served = within(server.accept()).await.unwrap().0;
    let mut heard = String::new();
    within(served.read_to_string(&mut heard)).await.unwrap();
    assert_eq!(heard, "anyone there?");
}

#[tokio::test]
async fn nobody_is_told_of_a_reset_while_the_link_is_off() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    let (client, mut served) = pair(&proxy, &server).await;
    proxy.set(Condition::Off);
    client.set_zero_linger().unwrap();
    drop(client);
    assert_silent(&mut served).await;
    proxy.set(Condition::On);
    assert_reset(&mut served).await;
}

#[tokio::test]
async fn refuse_closes_the_port_keeps_it_and_gives_it_back() {
    let proxy = proxy_to(echo_server().await).await;
    let address = proxy.local_address();
    for _ in 0..5 {
        // A connection that the proxy closes first keeps its port busy for a minute, which must not matter.
        let mut cut = connect(&proxy).await;
        ask(&mut cut, b"before").await;
        assert!(proxy.cut(1.0, &mut ChaCha8Rng::seed_from_u64(0)) >= 1);
        assert_ended(&mut cut).await;
        drop(cut);
        let mut client = connect(&proxy).await;
        ask(&mut client, b"before").await;
        proxy.set(Condition::Refuse);
        assert_reset(&mut client).await;
        proxy.settled().await;
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(proxy.counters().measured.refusing);
        let thief = TcpListener::bind(address).await;
        assert_eq!(thief.unwrap_err().kind(), ErrorKind::AddrInUse);

        proxy.set(Condition::On);
        proxy.settled().await;
        assert!(!proxy.counters().measured.refusing);
        let mut client = connect(&proxy).await;
        ask(&mut client, b"after").await;
        drop(client);
        eventually("the connection is gone", || proxy.counters().open == 0).await;
    }
    assert_eq!(proxy.counters().reset, 5);
}

#[tokio::test]
async fn refuse_resets_even_when_it_is_replaced_at_once() {
    let proxy = proxy_to(echo_server().await).await;
    let mut client = connect(&proxy).await;
    ask(&mut client, b"before").await;
    proxy.set(Condition::Refuse);
    proxy.set(Condition::On);
    assert_reset(&mut client).await;
    proxy.settled().await;
    ask(&mut connect(&proxy).await, b"after").await;
}

#[tokio::test]
async fn a_reset_reaches_both_ends_of_every_connection() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    let mut pairs = Vec::new();
    for _ in 0..3 {
        pairs.push(pair(&proxy, &server).await);
    }
    assert_eq!(proxy.reset(), 3);
    for (client, served) in &mut pairs {
        assert_reset(client).await;
        assert_reset(served).await;
    }
    assert_eq!((proxy.counters().open, proxy.counters().reset), (0, 3));
    assert_eq!(proxy.reset(), 0);
}

#[tokio::test]
async fn a_reset_of_one_end_is_carried_to_the_other() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    for condition in [Condition::On, Condition::Degrade(Impairment::both(latency(5)))] {
        proxy.set(condition);
        let (mut client, served) = pair(&proxy, &server).await;
        served.set_zero_linger().unwrap();
        drop(served);
        assert_reset(&mut client).await;
    }
}

#[tokio::test]
async fn what_came_before_a_reset_still_arrives() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    proxy.set(Condition::Degrade(Impairment { up: None, down: Some(latency(100)) }));
    let (mut client, mut served) = pair(&proxy, &server).await;
    served.write_all(b"error: too long").await.unwrap();
    eventually("the answer is on its way", || proxy.counters().measured.held > 0).await;
    served.set_zero_linger().unwrap();
    drop(served);
    // The server is gone; the client does not know it yet and goes on sending.
    let mut heard = [0; 15];
    loop {
        let _ = client.write(b"more").await;
        match timeout(Duration::from_millis(5), client.read_exact(&mut heard)).await {
            Ok(read) => break assert_eq!(read.unwrap(), 15),
            Err(_) => continue,
        }
    }
    assert_eq!(&heard, b"error: too long");
    assert_reset(&mut client).await;
}

#[tokio::test]
async fn cut_ends_the_right_number_of_connections_in_order() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = proxy_to(server.local_addr().unwrap()).await;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    assert_eq!(proxy.cut(0.5, &mut random), 0);
    let mut pairs = Vec::new();
    for _ in 0..10 {
        pairs.push(pair(&proxy, &server).await);
    }
    assert_eq!(proxy.cut(0.25, &mut random), 3);
    assert_eq!((proxy.counters().open, proxy.counters().cut), (7, 3));
    let (mut ended, mut alive) = (0, 0);
    for (client, served) in &mut pairs {
        served.write_all(b"x").await.unwrap();
        match within(client.read(&mut [0; 1])).await.unwrap() {
            0 => {
                assert_ended(served).await;
                ended += 1;
            }
            _ => alive += 1,
        }
    }
    assert_eq!((ended, alive), (3, 7));
}

#[tokio::test]
async fn a_server_that_is_not_there_resets_the_client() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = proxy_to(gone).await;
    // The reset may come while the client is still about to connect.
    match TcpStream::connect(proxy.local_address()).await {
        Ok(mut client) => assert_reset(&mut client).await,
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert_eq!(proxy.counters().upstream_failures, 1);
}

#[tokio::test]
async fn switching_fast_damages_nothing() {
    let proxy = proxy_to(echo_server().await).await;
    let mut tasks = JoinSet::new();
    for salt in 0..100 {
        let client = connect(&proxy).await;
        tasks.spawn(async move {
            let (mut reader, mut writer) = client.into_split();
            let sent = pattern(200_000, salt);
            let expected = sent.clone();
            let sending = tokio::spawn(async move {
                for piece in sent.chunks(7001) {
                    writer.write_all(piece).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                writer.shutdown().await.unwrap();
            });
            let mut answer = Vec::new();
            reader.read_to_end(&mut answer).await.unwrap();
            assert!(answer == expected, "connection {salt} was damaged");
            sending.await.unwrap();
        });
    }
    let jittery = Direction {
        latency: Duration::from_millis(3),
        jitter: Duration::from_millis(3),
        bandwidth: Some(5e7),
    };
    for turn in 0..200 {
        proxy.set(match turn % 4 {
            0 | 2 => Condition::Off,
            1 => Condition::Degrade(Impairment::both(jittery)),
            _ => Condition::On,
        });
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    proxy.set(Condition::On);
    while let Some(done) = within(tasks.join_next()).await {
        done.unwrap();
    }
    eventually("all connections are gone", || proxy.counters().open == 0).await;
    let counters = proxy.counters();
    assert_eq!((counters.sent, counters.received), (20_000_000, 20_000_000));
    assert_eq!((counters.swallowed, counters.measured.held), (0, 0));
}

#[tokio::test]
async fn dropping_the_proxy_closes_port_and_connections() {
    let server = echo_server().await;
    for condition in [Condition::On, Condition::Off, Condition::Refuse] {
        let proxy = proxy_to(server).await;
        let address = proxy.local_address();
        let mut client = connect(&proxy).await;
        ask(&mut client, b"hello").await;
        proxy.set(condition);
        drop(proxy);
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{condition:?}");
        assert!(matches!(within(client.read(&mut [0; 1])).await, Ok(0) | Err(_)));
        TcpListener::bind(address).await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_told_in_a_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    for (listen, expected) in [
        (address.to_string(), format!("{address} is in use by another program")),
        ("192.0.2.1:80".to_string(), "192.0.2.1:80 is no address of this machine".to_string()),
        ("nonsense".to_string(), "cannot find the address of `nonsense`".to_string()),
    ] {
        let error = proxy_at(&listen, address.to_string()).await.unwrap_err().to_string();
        assert!(error.starts_with(&expected), "{error}");
    }
}
