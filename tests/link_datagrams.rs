//! The proxy for datagrams behind links, over real sockets: each condition does what it says and measures it.
#![cfg(target_os = "linux")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use soak::kinds::link::datagrams::{DatagramOptions, DatagramProxy};
use soak::kinds::link::emulator::{Condition, Counters, Degraded, Impairment};
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Far longer than anything here takes; running into it is a failure.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long silence is listened to before it counts as such.
const SILENCE: Duration = Duration::from_millis(150);

/// A server that sends every datagram back to where it came from.
async fn echo_server(address: &str) -> SocketAddr {
    let socket = UdpSocket::bind(address).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut bytes = vec![0; 65_536];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let _ = socket.send_to(&bytes[..length], from).await;
        }
    });
    address
}

async fn proxy_to(listen: &str, to: SocketAddr) -> DatagramProxy {
    let options = DatagramOptions { name: "dns".into(), listen: listen.into(), to: to.to_string(), seed: 7 };
    DatagramProxy::start(&options).await.unwrap()
}

async fn client(proxy: &DatagramProxy) -> UdpSocket {
    let address = proxy.local_address();
    let socket = UdpSocket::bind((address.ip(), 0)).await.unwrap();
    socket.connect(address).await.unwrap();
    socket
}

async fn hear(client: &UdpSocket) -> Vec<u8> {
    let mut bytes = vec![0; 65_536];
    let length = timeout(PATIENCE, client.recv(&mut bytes)).await.expect("heard nothing").unwrap();
    bytes.truncate(length);
    bytes
}

async fn ask(client: &UdpSocket, question: &[u8]) {
    client.send(question).await.unwrap();
    assert!(hear(client).await == question, "another answer");
}

async fn assert_silent(client: &UdpSocket) {
    let heard = timeout(SILENCE, client.recv(&mut [0; 16])).await;
    assert!(heard.is_err(), "heard {heard:?}");
}

/// Sends numbers, a few at a time, and gives back what comes of them.
async fn numbers(client: &UdpSocket, count: u32) -> Vec<Vec<u8>> {
    let mut came = Vec::new();
    for number in 0..count {
        client.send(&number.to_be_bytes()).await.unwrap();
        if number % 20 == 19 {
            let mut bytes = [0; 16];
            while let Ok(Ok(length)) = timeout(Duration::from_millis(3), client.recv(&mut bytes)).await {
                came.push(bytes[..length].to_vec());
            }
        }
    }
    came
}

async fn under(proxy: &DatagramProxy, up: Impairment) {
    proxy.set(Condition::Degrade(Box::new(Degraded { up: Some(up), down: None }))).await.unwrap();
}

async fn counters(proxy: &DatagramProxy) -> Counters {
    proxy.counters().await.unwrap()
}

#[tokio::test]
async fn datagrams_of_all_sizes_find_their_way_there_and_back() {
    for (listen, server) in
        [("127.0.0.1:0", "127.0.0.1:0"), ("[::1]:0", "[::1]:0"), ("[::1]:0", "127.0.0.1:0")]
    {
        let proxy = proxy_to(listen, echo_server(server).await).await;
        let (one, other) = (client(&proxy).await, client(&proxy).await);
        for size in [1, 1400, 60_000, 0] {
            let data: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
            ask(&one, &data).await;
            ask(&other, &data[..size / 2]).await;
        }
        let counted = counters(&proxy).await;
        let bytes = 61_401 + 30_700;
        assert_eq!((counted.up.packets, counted.up.bytes, counted.connections), (8, bytes, 2));
        assert_eq!((counted.down.packets, counted.down.bytes), (8, bytes));
        assert_eq!((counted.up.dropped(), counted.turned_away), (0, 0));
        assert!(proxy.probe(PATIENCE).await.unwrap() < Duration::from_millis(100));
    }
}

#[tokio::test]
async fn off_swallows_and_is_in_force_at_once() {
    let proxy = proxy_to("127.0.0.1:0", echo_server("127.0.0.1:0").await).await;
    let one = client(&proxy).await;
    for round in 1..=5 {
        ask(&one, b"heard").await;
        let began = Instant::now();
        proxy.set(Condition::Off).await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(100));
        one.send(b"unheard").await.unwrap();
        assert_eq!(proxy.probe(Duration::from_millis(20)).await, None);
        // The socket is read by a thread of its own.
        for _ in 0..100 {
            if counters(&proxy).await.up.silenced == round {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(counters(&proxy).await.up.silenced, round);
        proxy.set(Condition::On).await.unwrap();
    }
    assert_silent(&one).await;
}

#[tokio::test]
async fn a_closed_port_refuses_and_is_opened_again() {
    let proxy = proxy_to("127.0.0.1:0", echo_server("127.0.0.1:0").await).await;
    let one = client(&proxy).await;
    for _ in 0..3 {
        ask(&one, b"heard").await;
        proxy.set(Condition::Refuse).await.unwrap();
        assert!(counters(&proxy).await.refusing);
        assert_eq!(counters(&proxy).await.connections, 0);
        one.send(b"refused").await.unwrap();
        let told = timeout(PATIENCE, one.recv(&mut [0; 16])).await.unwrap();
        assert_eq!(told.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert!(UdpSocket::bind(proxy.local_address()).await.is_err());
        proxy.set(Condition::On).await.unwrap();
        assert!(!counters(&proxy).await.refusing);
    }
    ask(&one, b"heard again").await;
}

#[tokio::test]
async fn latency_delays_by_as_much_as_asked() {
    let proxy = proxy_to("127.0.0.1:0", echo_server("127.0.0.1:0").await).await;
    let one = client(&proxy).await;
    let latency = Duration::from_millis(40);
    let way = Some(Impairment { latency, ..Impairment::default() });
    proxy.set(Condition::Degrade(Box::new(Degraded { up: way, down: way }))).await.unwrap();
    for _ in 0..5 {
        let began = Instant::now();
        ask(&one, b"slow").await;
        assert!(began.elapsed() >= 2 * latency);
    }
    let delays = counters(&proxy).await.up_delays.unwrap();
    assert!(delays.median >= latency && delays.median < 2 * latency);
    assert!(proxy.probe(PATIENCE).await.unwrap() >= 2 * latency);
}

#[tokio::test]
async fn what_chance_does_to_datagrams_is_done_and_counted() {
    let proxy = proxy_to("127.0.0.1:0", echo_server("127.0.0.1:0").await).await;
    let one = client(&proxy).await;
    let sent = 2000;
    let none = Impairment::default();

    under(&proxy, Impairment { loss: 0.2, burst: Some(3.0), ..none }).await;
    let came = numbers(&one, sent).await;
    let lost = counters(&proxy).await.up.lost;
    assert_eq!(came.len() as u64 + lost, u64::from(sent));
    assert!((250..550).contains(&lost), "{lost}");

    under(&proxy, Impairment { duplicate: 0.1, ..none }).await;
    let came = numbers(&one, sent).await;
    let twice = counters(&proxy).await.up.duplicated;
    assert_eq!(came.len() as u64, u64::from(sent) + twice);
    assert!((120..290).contains(&twice), "{twice}");

    under(&proxy, Impairment { corrupt: 0.1, ..none }).await;
    let came = numbers(&one, sent).await;
    let counted = counters(&proxy).await.up.corrupted;
    let wrong = came.iter().zip(0_u32..).filter(|(came, number)| **came != number.to_be_bytes()).count();
    assert_eq!(wrong as u64, counted);
    assert!((120..290).contains(&counted), "{counted}");

    under(&proxy, Impairment { reorder: 0.1, ..none }).await;
    let came = numbers(&one, sent).await;
    let overtaken = counters(&proxy).await.up.reordered;
    let late = came.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert_eq!((came.len(), late as u64), (sent as usize, overtaken));
    assert!((100..290).contains(&overtaken), "{overtaken}");
}

#[tokio::test]
async fn a_bandwidth_holds_up_and_its_queue_is_bounded() {
    let proxy = proxy_to("127.0.0.1:0", echo_server("127.0.0.1:0").await).await;
    let one = client(&proxy).await;
    let narrow = Impairment { bandwidth: Some(100_000.0), queue: Some(10_000.0), ..Impairment::default() };
    under(&proxy, narrow).await;
    let began = Instant::now();
    for _ in 0..30 {
        one.send(&[7; 1000]).await.unwrap();
    }
    let mut heard = 0;
    while timeout(SILENCE, one.recv(&mut [0; 2000])).await.is_ok() {
        heard += 1;
    }
    let counted = counters(&proxy).await.up;
    assert_eq!((heard, counted.overflowed), (counted.packets, 30 - counted.packets));
    assert!((10..16).contains(&heard), "{heard}");
    assert!(began.elapsed() >= Duration::from_millis(100) + SILENCE);
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_in_a_sentence() {
    let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let started = |listen: &str, to: &str| {
        let options = DatagramOptions { name: "dns".into(), listen: listen.into(), to: to.into(), seed: 7 };
        async move { DatagramProxy::start(&options).await.err().unwrap().to_string() }
    };
    assert!(started(&address, "127.0.0.1:9").await.contains("is in use by another program"));
    assert!(started("127.0.0.1:0", "nowhere.invalid:9").await.contains("which the link should pass on to"));
    assert!(started("192.0.2.1:9", "127.0.0.1:9").await.contains("is no address of this machine"));
}
