//! A proxy that understands HTTP, over real sockets.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use soak::kinds::link::proxy::{
    Condition, Delay, Disturbance, Impairment, MOST_PENDING, OwnAnswer, Proxy, ProxyOptions,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Length: ";

/// A server that sends bodies back, and what comes behind a request to upgrade.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(BufReader::new(stream)));
        }
    });
    address
}

async fn serve(mut stream: BufReader<TcpStream>) -> std::io::Result<()> {
    loop {
        let (mut length, mut upgrades) = (0, false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            }
            upgrades |= line.starts_with("upgrade: ");
            if line.is_empty() {
                break;
            }
        }
        if upgrades {
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await?;
            let mut bytes = [0; 1000];
            loop {
                let count = stream.read(&mut bytes).await?;
                if count == 0 {
                    return Ok(());
                }
                stream.write_all(&bytes[..count]).await?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        stream.write_all(format!("{DONE}{length}\r\n\r\n").as_bytes()).await?;
        stream.write_all(&body).await?;
    }
}

async fn http_proxy() -> Proxy {
    let options = ProxyOptions {
        listen: "127.0.0.1:0".to_string(),
        to: server().await.to_string(),
        seed: 7,
        http: true,
    };
    Proxy::start(options).await.unwrap()
}

fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn answer_to(body: &[u8]) -> Vec<u8> {
    [format!("{DONE}{}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// Sends all and reads what is expected, at the same time.
async fn converse(client: &mut TcpStream, sent: &[u8], expected: &[u8]) {
    let (mut reader, mut writer) = client.split();
    let mut heard = vec![0; expected.len()];
    let (wrote, read) =
        within(async { tokio::join!(writer.write_all(sent), reader.read_exact(&mut heard)) }).await;
    wrote.unwrap();
    read.unwrap();
    assert!(heard == expected, "another answer of {} bytes", heard.len());
}

fn answering(share: f64) -> Disturbance {
    Disturbance { answer: Some(OwnAnswer { status: 503, share }), ..Disturbance::default() }
}

fn holding(time: Duration) -> Disturbance {
    Disturbance { delay: Some(Delay { route: "/slow".into(), time }), ..Disturbance::default() }
}

#[tokio::test]
async fn bodies_of_all_sizes_pass_whole_under_every_condition() {
    let proxy = http_proxy().await;
    let mut client = connect(&proxy).await;
    let mut asked = 0;
    for disturbance in [Disturbance::default(), answering(0.0)] {
        proxy.disturb(disturbance);
        for (condition, slice, sizes) in [
            (Condition::On, None, [0, 10, 70_000, 3_000_000]),
            (Condition::Degrade(Impairment::both(latency(5))), None, [0, 10, 70_000, 1_000_000]),
            (Condition::On, Some(50), [0, 10, 1000, 7_000]),
        ] {
            proxy.set(condition);
            proxy.slice(slice);
            for size in sizes {
                let body = pattern(size, asked);
                converse(&mut client, &post("/", &body), &answer_to(&body)).await;
                asked += 1;
            }
            let bodies: Vec<Vec<u8>> = (0..20).map(|count| pattern(count * 37, count)).collect();
            let requests: Vec<u8> = bodies.iter().flat_map(|body| post("/", body)).collect();
            let answers: Vec<u8> = bodies.iter().flat_map(|body| answer_to(body)).collect();
            converse(&mut client, &requests, &answers).await;
            asked += bodies.len();
        }
        proxy.slice(None);
    }
    let seen = proxy.counters().http;
    assert_eq!((seen.requests, seen.answers, seen.foreign), (asked as u64, asked as u64, 0));
}

#[tokio::test]
async fn more_pipelined_requests_than_may_wait_are_all_answered() {
    let proxy = http_proxy().await;
    let mut client = connect(&proxy).await;
    let count = 4 * MOST_PENDING;
    let requests: Vec<u8> = (0..count).flat_map(|_| post("/", b"")).collect();
    let answers: Vec<u8> = (0..count).flat_map(|_| answer_to(b"")).collect();
    converse(&mut client, &requests, &answers).await;
    proxy.disturb(answering(1.0));
    client.write_all(&requests).await.unwrap();
    eventually("all are answered", || proxy.counters().http.answered == count as u64).await;
}

#[tokio::test]
async fn an_own_answer_goes_the_way_of_all_answers() {
    let proxy = http_proxy().await;
    let mut client = connect(&proxy).await;
    converse(&mut client, &post("/", b"x"), &answer_to(b"x")).await;
    proxy.disturb(answering(1.0));
    proxy.set(Condition::Degrade(Impairment::both(latency(40))));
    let began = Instant::now();
    client.write_all(&post("/", &pattern(100_000, 1))).await.unwrap();
    let mut heard = [0; 12];
    within(client.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 503");
    assert!(began.elapsed() >= Duration::from_millis(80));
    proxy.set(Condition::On);
    let mut rest = [0; 1000];
    let _ = within(client.read(&mut rest)).await.unwrap();
    // The connection is kept, and in order.
    proxy.disturb(Disturbance::default());
    converse(&mut client, &post("/", b"after"), &answer_to(b"after")).await;
    proxy.set(Condition::Off);
    proxy.disturb(answering(1.0));
    client.write_all(&post("/", b"x")).await.unwrap();
    assert_silent(&mut client).await;
    proxy.set(Condition::On);
    within(client.read_exact(&mut heard)).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 503");
}

#[tokio::test]
async fn a_delay_holds_for_its_route_and_for_as_long_as_it_is_asked() {
    let proxy = http_proxy().await;
    let (mut slow, mut fast) = (connect(&proxy).await, connect(&proxy).await);
    proxy.disturb(holding(Duration::from_millis(200)));
    let began = Instant::now();
    converse(&mut fast, &post("/fast", b"x"), &answer_to(b"x")).await;
    assert!(began.elapsed() < Duration::from_millis(150));
    let began = Instant::now();
    converse(&mut slow, &post("/slow/one", b"x"), &answer_to(b"x")).await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    let seen = proxy.counters().http;
    assert_eq!((seen.requests, seen.delayed), (2, 1));
    assert!(seen.delays >= Duration::from_millis(200) && seen.delays < Duration::from_secs(1));

    proxy.disturb(holding(PATIENCE * 2));
    slow.write_all(&post("/slow", b"x")).await.unwrap();
    eventually("it is held", || proxy.counters().http.holding == 1).await;
    assert_silent(&mut slow).await;
    proxy.disturb(Disturbance::default());
    let began = Instant::now();
    converse(&mut slow, b"", &answer_to(b"x")).await;
    assert!(began.elapsed() < Duration::from_secs(1));

    proxy.disturb(holding(PATIENCE * 2));
    slow.write_all(&post("/slow", b"x")).await.unwrap();
    eventually("it is held", || proxy.counters().http.holding == 1).await;
    proxy.reset();
    assert_reset(&mut slow).await;
    eventually("it is not held any more", || proxy.counters().http.holding == 0).await;
}

#[tokio::test]
async fn a_torn_answer_has_its_head_and_half_its_body_and_then_the_end() {
    let proxy = http_proxy().await;
    for size in [10_000, 1_000_000, 10] {
        let mut client = connect(&proxy).await;
        converse(&mut client, &post("/", b"x"), &answer_to(b"x")).await;
        proxy.disturb(Disturbance { tear: Some(1.0), ..Disturbance::default() });
        let body = pattern(size, 1);
        let mut heard = Vec::new();
        let (mut reader, mut writer) = client.split();
        let sent = post("/", &body);
        let (wrote, read) =
            within(async { tokio::join!(writer.write_all(&sent), reader.read_to_end(&mut heard)) }).await;
        wrote.unwrap();
        read.unwrap();
        let whole = answer_to(&body);
        assert!(heard == whole[..whole.len() - size / 2], "{size}: {} of {}", heard.len(), whole.len());
        drop(client);
        eventually("the connection is gone", || proxy.counters().open == 0).await;
        proxy.disturb(Disturbance::default());
    }
    assert_eq!(proxy.counters().http.torn, 3);
}

#[tokio::test]
async fn an_upgraded_connection_is_a_plain_pipe() {
    let proxy = http_proxy().await;
    let mut client = connect(&proxy).await;
    let asks = b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    converse(&mut client, asks, b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await;
    proxy.disturb(Disturbance { tear: Some(1.0), ..answering(1.0) });
    for size in [10, 100_000] {
        let frames = [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &pattern(size, 3)].concat();
        converse(&mut client, &frames, &frames).await;
    }
    client.shutdown().await.unwrap();
    assert_ended(&mut client).await;
}

#[tokio::test]
async fn what_is_no_http_passes_at_once_and_is_told() {
    let options = ProxyOptions {
        listen: "127.0.0.1:0".to_string(),
        to: echo_server().await.to_string(),
        seed: 7,
        http: true,
    };
    let proxy = Proxy::start(options).await.unwrap();
    proxy.disturb(Disturbance { tear: Some(1.0), ..answering(1.0) });
    for first in [[0x16, 3, 1, 0, 200].as_slice(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"*1\r\n"] {
        let mut client = connect(&proxy).await;
        ask(&mut client, first).await;
        ask(&mut client, &pattern(300_000, 1)).await;
    }
    let seen = proxy.counters().http;
    assert_eq!((seen.requests, seen.foreign), (0, 3));
}
