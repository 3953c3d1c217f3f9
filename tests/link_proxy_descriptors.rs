//! The proxy and the process's file descriptors: none leaks, and running out of them is survived.
//! In a file of their own because they count what the whole process has open.
#![cfg(target_os = "linux")]

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use soak::kinds::link::proxy::{Proxy, ProxyOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, MutexGuard};

const PATIENCE: Duration = Duration::from_secs(30);

/// One test at a time.
async fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

async fn proxied_echo() -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { continue };
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    Proxy::start(ProxyOptions { listen: "127.0.0.1:0".to_string(), to, seed: 0, http: false }).await.unwrap()
}

async fn echoes(client: &mut TcpStream) -> bool {
    let mut answer = [0; 4];
    client.write_all(b"ping").await.is_ok()
        && matches!(tokio::time::timeout(PATIENCE, client.read_exact(&mut answer)).await, Ok(Ok(4)))
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_thousand_connections_leave_nothing_behind() {
    let _turn = alone().await;
    let proxy = proxied_echo().await;
    assert!(echoes(&mut TcpStream::connect(proxy.local_address()).await.unwrap()).await);
    eventually("the first is gone", || proxy.counters().open == 0).await;
    let before = open_descriptors();
    for round in 0..20 {
        let mut clients = Vec::new();
        for _ in 0..50 {
            clients.push(TcpStream::connect(proxy.local_address()).await.unwrap());
        }
        for client in &mut clients {
            assert!(echoes(client).await);
        }
        match round % 3 {
            0 => assert_eq!(proxy.reset(), 50),
            1 => assert_eq!(proxy.cut(1.0, &mut ChaCha8Rng::seed_from_u64(0)), 50),
            _ => {}
        }
    }
    eventually("all are gone", || proxy.counters().open == 0).await;
    eventually("all descriptors are closed", || open_descriptors() <= before).await;
    assert_eq!(proxy.counters().connections, 1001);
    drop(proxy);
    assert!(open_descriptors() < before);
}

#[tokio::test]
async fn running_out_of_descriptors_is_survived() {
    let _turn = alone().await;
    let proxy = proxied_echo().await;
    assert!(echoes(&mut TcpStream::connect(proxy.local_address()).await.unwrap()).await);
    eventually("the first is gone", || proxy.counters().open == 0).await;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    // Room for the client's own socket and nothing else.
    let client = tokio::net::TcpSocket::new_v4().unwrap();
    let highest = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u64>().ok())
        .max()
        .unwrap();
    let mut fillers = Vec::new();
    setrlimit(Resource::RLIMIT_NOFILE, highest + 8, hard).unwrap();
    loop {
        match std::fs::File::open("/dev/null") {
            Ok(file) => fillers.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(nix::libc::EMFILE));
                break;
            }
        }
    }
    let mut client = client.connect(proxy.local_address()).await.unwrap();
    eventually("accepting has failed", || proxy.counters().accept_failures > 0).await;
    drop(fillers);
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
    assert!(echoes(&mut client).await, "the waiting connection was accepted late and works");
    drop(proxy);
    let refused = client.read(&mut [0; 1]).await;
    assert!(matches!(&refused, Ok(0)) || refused.unwrap_err().kind() == ErrorKind::ConnectionReset);
}
